import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cacheKeyOf, canonicalJson, changesBetween, flatSettings, type CacheParts } from './cache-key.ts'

const parts: CacheParts = {
  kind: 'run/1',
  code: { 'train.py': 'sha256:aaaaaaaaaa', 'old.py': 'sha256:cc' },
  data: { rows: { digest: 'sha256:1111111111', label: 'flights@1' } },
  parameters: { depth: '3' },
  environment: { platform: 'linux-x64', $TOKEN: '0123456789abcdef', 'uv.lock': 'sha256:2222222222' },
}

describe('the cache key', () => {
  it('depends on what things are, not on what they are called or in which order they come', () => {
    const relabelled = { ...parts, data: { rows: { digest: 'sha256:1111111111', label: 'flights@2' } } }
    assert.equal(cacheKeyOf(relabelled), cacheKeyOf(parts))
    const reordered = { ...parts, code: Object.fromEntries(Object.entries(parts.code).reverse()) }
    assert.equal(cacheKeyOf(reordered), cacheKeyOf(parts))
    assert.notEqual(cacheKeyOf({ ...parts, kind: 'run/2' }), cacheKeyOf(parts))
    assert.equal(
      canonicalJson({ b: [undefined, { d: 1, c: undefined }], a: 'é' }),
      '{"a":"é","b":[null,{"d":1}]}',
    )
  })

  it('names every change by its cause, and never shows what a variable holds', () => {
    const changes = changesBetween(parts, {
      kind: 'run/2',
      code: { 'train.py': 'sha256:bbbbbbbbbb', 'new.py': 'sha256:dd' },
      data: { rows: { digest: 'sha256:3333333333', label: 'flights@2' } },
      parameters: { depth: '5' },
      environment: { platform: 'linux-x64', $TOKEN: 'fedcba9876543210', 'uv.lock': 'sha256:4444444444' },
    })
    assert.deepEqual(changes, [
      'code: the step kind changed (run/1 → run/2)',
      'code: new.py is new',
      'code: old.py is gone',
      'code: train.py changed (aaaaaaa → bbbbbbb)',
      'data: rows changed (flights@1 → flights@2)',
      'parameters: depth changed (3 → 5)',
      'environment: $TOKEN changed',
      'environment: uv.lock changed (2222222 → 4444444)',
    ])
    assert.deepEqual(changesBetween(parts, parts), [])
  })

  it('flattens settings, so that the one that changed can be named', () => {
    assert.deepEqual(flatSettings({ seed: 7, candidates: [{ name: 'a', none: [] }], extra: {} }, 'train'), {
      'train.seed': '7',
      'train.candidates[0].name': '"a"',
      'train.candidates[0].none': '[]',
      'train.extra': '{}',
    })
  })
})
