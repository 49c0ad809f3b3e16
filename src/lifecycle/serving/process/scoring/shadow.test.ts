import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPredictions } from '../../prediction-log/read-predictions.ts'
import { predictionDirectory, shadowDirectory } from '../../prediction-log/segments.ts'
import { rowSchema } from '../rows/row-schema.ts'
import { flightRow, flightVariant, runProcess, type RunningProcess } from '../fixtures/running-process.ts'
import { flightProbability } from '../fixtures/small-models.ts'
import { batchConversion } from './batch-fields.ts'

function planWithShadow({ files }: RunningProcess, share: number, revision = 1) {
  const shadow = { ...flightVariant(files, { version: 2, name: 'shadow', weight: 0 }), role: 'shadow', share }
  return {
    revision,
    deployments: [{ name: 'flights', variants: [flightVariant(files, { version: 1 }), shadow] }],
  }
}

async function shadowRows(running: RunningProcess, outcome: string): Promise<number> {
  const { text } = await running.send('GET', '/metrics')
  const line = new RegExp(`shadow_rows_total\\{deployment="flights",outcome="${outcome}"\\} (\\d+)`).exec(
    text,
  )
  return Number(line?.[1])
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('a shadow scores a copy after the answer, into a log of its own, under the ids of the live predictions', async (t) => {
  const running = await runProcess(t)
  assert.equal((await running.putPlan(planWithShadow(running, 100))).status, 200)
  const ids = ['a', 'b', 'c']
  const { json } = await running.send('POST', '/deployments/flights/predict', {
    rows: ids.map(() => flightRow),
    ids,
  })
  const { predictions } = json as { predictions: { variant: string; version: number }[] }
  assert.deepEqual(
    new Set(predictions.map(({ variant, version }) => `${variant} ${version}`)),
    new Set(['champion 1']),
  )
  await until(async () => (await shadowRows(running, 'scored')) === 3)
  await running.process.close()
  const read = async (directory: string) => (await readPredictions({ directory, limit: 100 })).records
  const live = await read(predictionDirectory(running.stateDirectory, 'flights'))
  const copied = await read(shadowDirectory(running.stateDirectory, 'flights'))
  assert.deepEqual(
    live.map(({ id, variant, version }) => [id, variant, version]),
    ids.map((id) => [id, 'champion', 1]),
  )
  assert.deepEqual(
    copied.map(({ id, variant, version }) => [id, variant, version]),
    ids.map((id) => [id, 'shadow', 2]),
  )
  const expected = flightProbability(2, flightRow)
  assert.ok(Math.abs(Number(copied[0]?.outputs['probability']) - expected) < 1e-6)
})

test('a share of the requests is copied, and what comes too fast is dropped and counted, while all are answered', async (t) => {
  const running = await runProcess(t)
  await running.putPlan(planWithShadow(running, 25))
  const requests = 400
  for (let index = 0; index < requests; index += 20) {
    await Promise.all(
      Array.from({ length: 20 }, () =>
        running.send('POST', '/deployments/flights/predict', { rows: [flightRow] }),
      ),
    )
  }
  await until(async () => (await shadowRows(running, 'scored')) > 0)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const scored = await shadowRows(running, 'scored')
  // Five standard errors of 400 draws at 25 %.
  assert.ok(Math.abs(scored / requests - 0.25) < 0.11, `${scored} of ${requests}`)
  await running.putPlan(planWithShadow(running, 100, 2))
  const rows = Array.from({ length: 6_000 }, () => flightRow)
  const replies = await Promise.all(
    Array.from({ length: 4 }, () => running.send('POST', '/deployments/flights/predict', { rows })),
  )
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  await until(
    async () =>
      scored + 24_000 === (await shadowRows(running, 'scored')) + (await shadowRows(running, 'dropped')),
  )
  assert.ok((await shadowRows(running, 'dropped')) > 0)
})

test('rows of one signature become rows of another by name, and what cannot is refused before any traffic', () => {
  const from = rowSchema({
    inputs: [
      { name: 'hour', type: 'integer', required: true },
      { name: 'origin', type: 'string', required: true },
    ],
    outputs: [],
  })
  const to = rowSchema({
    inputs: [
      { name: 'load', type: 'double', required: false },
      { name: 'origin', type: 'string', required: true },
      { name: 'hour', type: 'double', required: true },
    ],
    outputs: [],
  })
  const made = batchConversion(
    from,
    to,
  )?.({ rows: 2, numbers: Float64Array.of(7, 8), texts: [['ATL', 'JFK']] })
  assert.deepEqual(made?.numbers, Float64Array.of(NaN, NaN, 7, 8))
  assert.deepEqual(made.texts, [['ATL', 'JFK']])
  assert.equal(batchConversion(from, from), undefined)
  assert.throws(
    () =>
      batchConversion(
        to,
        rowSchema({ inputs: [{ name: 'gate', type: 'string', required: true }], outputs: [] }),
      ),
    /it needs "gate"/,
  )
  assert.throws(
    () =>
      batchConversion(
        from,
        rowSchema({ inputs: [{ name: 'hour', type: 'string', required: true }], outputs: [] }),
      ),
    /"hour" as string/,
  )
})
