import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf } from '#platform/blobs/index'
import { flightSignature } from './process/fixtures/small-models.ts'
import { createTriedEndpoints, type TriedEndpointsDependencies } from './tried-endpoints.ts'

const stored = Buffer.from(JSON.stringify({ rows: [{ distance: 719, hour: 18, origin: 'BOS' }] }))
const digest = digestOf(stored)

/** Endpoints whose process gives one answer to everything. */
function triedEndpoints(answer: () => Response, access: object = { keys: [], cors: [], signing: 'off' }) {
  const asked: [path: string, body: unknown][] = []
  const dependencies = {
    platform: { config: { host: '127.0.0.1', token: undefined }, blobs: { get: async () => stored } },
    service: {
      mainVersion: async () => ({
        model: 'flights',
        version: 3,
        signature: flightSignature,
        files: [{ path: 'examples.json', digest, sizeBytes: stored.length }],
      }),
    },
    host: {
      url: () => 'http://127.0.0.1:1',
      ask: async (path: string, body: unknown) => {
        asked.push([path, body])
        return answer()
      },
    },
    wide: async () => ({ access }),
  } as unknown as TriedEndpointsDependencies
  return { tried: createTriedEndpoints(dependencies), asked }
}

test('says what an endpoint takes, with the row that was stored with its model, and whether it asks for a key', async () => {
  const open = await triedEndpoints(() => Response.json({})).tried.form('flights')
  assert.deepEqual(open.example, { distance: 719, hour: 18, origin: 'BOS' })
  assert.deepEqual([open.version, open.needsKey, open.url], [3, false, 'http://127.0.0.1:1'])
  const keys = { mode: 'keys', keys: [], cors: [], signing: 'off' }
  assert.equal((await triedEndpoints(() => Response.json({}), keys).tried.form('flights')).needsKey, true)
})

test('asks for one row as a client would, and hands on what is wrong with a field', async () => {
  const prediction = { id: 'p1', variant: 'champion', version: 3, probability: 0.2 }
  const good = triedEndpoints(() => Response.json({ predictions: [prediction] }))
  assert.deepEqual((await good.tried.try('flights', { row: { hour: 1 }, key: 'k' })).prediction, prediction)
  assert.deepEqual(good.asked, [['/deployments/flights/predict', { rows: [{ hour: 1 }], key: 'k' }]])
  const problem = { code: 'invalid_input', detail: 'rows[0].hour is missing.', at: 'rows[0].hour' }
  const bad = triedEndpoints(() => Response.json(problem, { status: 400 }))
  await assert.rejects(bad.tried.try('flights', { row: {} }), { code: 'invalid_input', at: 'rows[0].hour' })
})
