import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { splitModelReference } from './model-reference.ts'
import { checkAlias, checkModelName } from './names.ts'

describe('names in the registry', () => {
  it('may be what MLflow takes', () => {
    for (const name of ['flight-delays', 'a b', 'ünï.v2', 'a@b']) checkModelName(name)
    for (const alias of ['champion', 'a_b-3', '2024', 'latest2', 'version1']) checkAlias(alias)
  })

  it('are refused when they would break a models: address or read as a version', () => {
    for (const name of ['', 'a/b', 'a:b', '..', '.', 'a\nb', 'x'.repeat(257)]) {
      assert.throws(() => checkModelName(name), { code: 'invalid_input', at: 'model' }, name)
    }
    for (const alias of ['', 'a b', 'a.b', 'latest', 'LATEST', 'v1', 'V23', 'x'.repeat(256)]) {
      assert.throws(() => checkAlias(alias), { code: 'invalid_input', at: 'alias' }, alias)
    }
  })

  it('are split at the last @', () => {
    assert.deepEqual(splitModelReference('flights@champion'), { model: 'flights', reference: 'champion' })
    assert.deepEqual(splitModelReference('a@b@3'), { model: 'a@b', reference: '3' })
    for (const text of ['flights', '@x', 'x@']) {
      assert.deepEqual(splitModelReference(text), { model: text, reference: undefined })
    }
  })
})
