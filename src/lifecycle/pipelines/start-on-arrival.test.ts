import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStage } from './stage.fixture.ts'

const pipelines = `
train: { on_arrival: [flights], steps: { count: { sql: "SELECT count(*) AS n FROM flights", inputs: { flights: data.flights }, outputs: [n] } } }
other: { steps: { one: { sql: "SELECT 1 AS n", outputs: [n] } } }`

function arrival(version: number) {
  return {
    sequence: version,
    id: `event-${version}`,
    type: 'data.arrived',
    subject: `dataset/flights@${version}`,
    actor: 'watch',
    time: 0,
    payload: { dataset: 'flights', version },
  }
}

test('an arrival starts the pipelines that wait for it, once, with the newest version only', async () => {
  const stage = await openStage({ pipelines })
  try {
    stage.setDataset('flights', 'a\n1\n')
    const [subscription] = stage.stage.subscriptions ?? []
    for (const told of [9, 1, 1]) await subscription?.handle(arrival(told))
    const runs = await stage.service.runs({ limit: 10 })
    assert.deepEqual(
      runs.map(({ pipeline, trigger, actor }) => [pipeline, trigger, actor]),
      [['train', { kind: 'data', reason: 'dataset/flights@1' }, 'watch']],
    )
  } finally {
    await stage.close()
  }
})
