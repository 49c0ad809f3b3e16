import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { valuePath } from '#lifecycle/features/reads'
import { writeValues } from '#lifecycle/features/values.fixture'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { featuresSettingsSchema } from './deployment/features.ts'
import { createFeatureLookups } from './feature-lookups.ts'

const signature: ModelSignature = {
  inputs: [
    { name: 'amount', type: 'double', required: true },
    { name: 'activity__orders_7d', type: 'double', required: true },
    { name: 'segment', type: 'string', required: false },
  ],
  outputs: [{ name: 'probability', type: 'float' }],
}

describe('what a deployment looks up', () => {
  const home = mkdtempSync(join(tmpdir(), 'feature-lookups-'))
  const versions = new Map([['activity', 3]])
  const lookups = createFeatureLookups({ home, versionOfView: async (view) => versions.get(view) })
  const write = (version: number, keys: readonly (readonly (string | number)[])[]) => {
    const path = valuePath(home, 'activity', version)
    mkdirSync(dirname(path), { recursive: true })
    const entity = (keys[0] ?? []).map((_, place) => ['customer', 'shop'][place] ?? '')
    const entries = keys.map((key) => ({ key, at: 0, values: [1, 'a'] }))
    return writeValues(path, {
      view: 'activity',
      version,
      entity,
      features: ['orders_7d', 'segment'],
      ttlMs: null,
      entries,
    })
  }
  before(() => write(3, [['17'], ['-4']]))
  after(() => rmSync(home, { recursive: true }))
  const settings = (more: object = {}) => featuresSettingsSchema.parse([{ view: 'activity', ...more }])

  it('is worked out from the view that is defined now, and stays with the revision', async () => {
    const { blend } = await lookups.pinned({ blend: { features: settings({ on_missing: null }) } })
    versions.set('activity', 4)
    assert.deepEqual(lookups.of(blend?.features ?? [], signature), [
      {
        view: 'activity',
        version: 3,
        // Whole numbers of a database are kept as text.
        key: [{ field: 'customer', type: 'long', stored: 'text' }],
        fields: [
          { field: 'activity__orders_7d', feature: 'orders_7d' },
          { field: 'segment', feature: 'segment' },
        ],
        onMissing: 'null',
      },
    ])
  })

  it('takes keys of several columns under the names that clients use', async () => {
    await write(5, [['DE', 3.5]])
    const [lookup] = lookups.of(
      settings({ version: 5, key: ['country', { field: 'branch', type: 'long' }], on_missing: 'refuse' }),
      signature,
    )
    assert.deepEqual(lookup?.key, [
      { field: 'country', type: 'string', stored: 'text' },
      { field: 'branch', type: 'long', stored: 'number' },
    ])
  })

  it('is refused for views without values, keys of another length, and features that no field takes', async () => {
    assert.throws(() => lookups.of(settings(), signature), {
      code: 'not_ready',
      hint: /features materialize activity/,
    })
    assert.throws(() => lookups.of(settings({ version: 9 }), signature), { code: 'not_ready' })
    assert.throws(() => lookups.of(settings({ version: 3, key: ['a', 'b'] }), signature), {
      message: 'The key of activity has 1 fields (customer); 2 are given.',
    })
    const other = { ...signature, inputs: signature.inputs.slice(0, 1) }
    assert.throws(() => lookups.of(settings({ version: 3 }), other), {
      message: /takes none of the features of activity: orders_7d, segment/,
    })
  })
})
