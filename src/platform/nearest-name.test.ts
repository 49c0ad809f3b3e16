import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editDistance, nearestName } from './nearest-name.ts'

test('the distance counts insertions, deletions, replacements and swaps once each', () => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['timeuot', 'timeout', 1],
    ['ab', 'ba', 1],
    // Optimal string alignment edits no substring twice; unrestricted Damerau–Levenshtein would give 2.
    ['ca', 'abc', 3],
    ['steps', 'step', 1],
  ]
  for (const [left, right, expected] of cases) {
    assert.equal(editDistance(left, right), expected, `${left} → ${right}`)
    assert.equal(editDistance(right, left), expected, `${right} → ${left}`)
  }
})

test('the nearest name is the one that was meant', () => {
  const fields = ['timeout', 'retries', 'inputs', 'outputs', 'sql', 'run', 'maxRows']
  assert.equal(nearestName('timeuot', fields), 'timeout')
  assert.equal(nearestName('retry', fields), undefined)
  assert.equal(nearestName('retris', fields), 'retries')
  assert.equal(nearestName('input', fields), 'inputs')
  assert.equal(nearestName('SQL', fields), 'sql')
  assert.equal(nearestName('max_rows', fields), 'maxRows')
  assert.equal(nearestName('rnu', fields), 'run')
})

test('nothing is suggested when nothing is near', () => {
  assert.equal(nearestName('zebra', ['data', 'models']), undefined)
  assert.equal(nearestName('x', ['y']), undefined)
  assert.equal(nearestName('ab', ['xy']), undefined)
  assert.equal(nearestName('', ['a']), undefined)
  assert.equal(nearestName('data', []), undefined)
  assert.equal(nearestName('a'.repeat(1_000_000), ['a'.repeat(1_000_000 - 1)]), undefined)
})

test('of two near names the nearer wins, and of two equally near the one with the same first letter', () => {
  assert.equal(nearestName('model', ['modes', 'models']), 'modes')
  assert.equal(nearestName('modles', ['modes', 'models']), 'modes')
  assert.equal(nearestName('deply', ['reply', 'deploy']), 'deploy')
  assert.equal(nearestName('rnu', ['rung', 'run', 'runs']), 'run')
})
