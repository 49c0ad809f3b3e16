import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inRunningOrder, layersOf } from './step-order.ts'

const steps = [
  { name: 'register', needs: ['evaluate'] },
  { name: 'prepare', needs: [] },
  { name: 'evaluate', needs: ['train', 'prepare'] },
  { name: 'train', needs: ['prepare'] },
]

test('a step stands one column after the last that it needs', () => {
  assert.deepEqual(Object.fromEntries(layersOf(steps)), { prepare: 0, train: 1, evaluate: 2, register: 3 })
  assert.deepEqual(
    inRunningOrder(steps).map(({ name }) => name),
    ['prepare', 'train', 'evaluate', 'register'],
  )
})

test('a need outside of the run is no column, and a circle does not hang the page', () => {
  assert.equal(layersOf([{ name: 'a', needs: ['elsewhere'] }]).get('a'), 0)
  assert.equal(
    layersOf([
      { name: 'a', needs: ['b'] },
      { name: 'b', needs: ['a'] },
    ]).size,
    2,
  )
})
