import assert from 'node:assert/strict'
import { test } from 'node:test'
import { places } from '../places.ts'
import { place } from './place.ts'

test('a place fills and reads its named parts, whatever characters they hold', () => {
  const version = place('/models/:model/versions/:version')
  const path = version.to({ model: 'a/b ü%', version: '3' })
  assert.equal(path, '/models/a%2Fb%20%C3%BC%25/versions/3')
  assert.deepEqual(version.match(path), { model: 'a/b ü%', version: '3' })
  assert.deepEqual(version.match(`${path}/`), { model: 'a/b ü%', version: '3' })
})

test('a path that is another place, or no path at all, does not match', () => {
  const run = place('/runs/:runId')
  for (const path of ['/', '/runs', '/runs/', '/runs/1/2', '/models/1', '/runs/%E0%A4%A']) {
    assert.equal(run.match(path), undefined, path)
  }
})

test('every address of the page leads to one place only, but for those listed first', () => {
  const filled = Object.values(places).map(({ pattern }) => pattern.replaceAll(/:\w+/g, '7'))
  for (const path of filled) {
    const first = Object.values(places).find(({ match }) => match(path) !== undefined)
    assert.equal(first?.pattern.replaceAll(/:\w+/g, '7'), path)
  }
})
