import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { logPlan, logSettingsSchema, retainMs } from '../../deployment/log.ts'
import { readPredictions } from '../../prediction-log/read-predictions.ts'
import type { PredictionRecord } from '../../prediction-log/record.ts'
import { predictionDirectory } from '../../prediction-log/segments.ts'
import { flightRow, flightVariant, runProcess, type RunningProcess } from '../fixtures/running-process.ts'

const hash = 'sixteen-characters'

async function serving(t: TestContext, log: unknown): Promise<RunningProcess> {
  const running = await runProcess(t, { hashText: (text) => `${hash}:${text}` })
  const settings = logSettingsSchema.parse(log)
  const variants = [
    flightVariant(running.files, { version: 1, weight: 50 }),
    flightVariant(running.files, { version: 2, weight: 50, name: 'canary' }),
  ]
  const accepted = await running.putPlan({
    revision: 1,
    deployments: [{ name: 'flights', variants, log: logPlan(settings) }],
  })
  assert.equal(accepted.status, 200, accepted.text)
  return running
}

const ids = Array.from({ length: 400 }, (_, index) => `flight-${index}`)

async function ask(running: RunningProcess, headers?: Record<string, string>): Promise<void> {
  const body = { rows: ids.map(() => flightRow), ids }
  const answered = await running.send('POST', '/deployments/flights/predict', body, headers)
  assert.equal(answered.status, 200, answered.text)
}

async function logged(running: RunningProcess): Promise<readonly PredictionRecord[]> {
  const directory = predictionDirectory(running.stateDirectory, 'flights')
  return (await readPredictions({ directory, limit: 10_000 })).records
}

test('keeps the same share of predictions whenever they are asked for, and says what each stands for', async (t) => {
  const running = await serving(t, { sample: 0.25 })
  await ask(running)
  const first = await logged(running)
  assert.ok(first.length > 60 && first.length < 140, `${first.length} of 400`)
  assert.ok(first.every(({ weight }) => weight === 4))
  await ask(running)
  const again = (await logged(running)).slice(first.length)
  assert.deepEqual(
    again.map(({ id }) => id),
    first.map(({ id }) => id),
  )
  const metrics = await running.send('GET', '/metrics')
  const left = 2 * (ids.length - first.length)
  assert.match(
    metrics.text,
    new RegExp(`prediction_log_sampled_out_total\\{deployment="flights"\\} ${left}\\n`),
  )
})

test('takes the first rule that fits a variant', async (t) => {
  const running = await serving(t, { sample: [{ where: { variant: 'canary' }, sample: 1 }, { sample: 0 }] })
  await ask(running)
  const records = await logged(running)
  assert.ok(records.length > 100)
  assert.ok(records.every(({ variant, weight }) => variant === 'canary' && weight === undefined))
})

test('logs every prediction of a request that asks for it, as itself', async (t) => {
  const running = await serving(t, { mode: 'after_answer', sample: 0.1 })
  await ask(running, { 'x-devmlops-log': 'before_answer' })
  const records = await logged(running)
  assert.equal(records.length, ids.length)
  assert.ok(records.every(({ weight }) => weight === undefined))
})

test('says so to who asks for a log that is off', async (t) => {
  const running = await serving(t, 'off')
  const headers = { 'x-devmlops-log': 'before_answer' }
  const refused = await running.send('POST', '/deployments/flights/predict', { rows: [flightRow] }, headers)
  assert.equal(refused.status, 400)
  assert.match(refused.text, /keeps no prediction log/)
})

test('drops and hashes columns before anything is written, and leaves missing values missing', async (t) => {
  const running = await serving(t, { columns: { drop: ['origin'], hash: ['gate', 'distance'] } })
  const rows = [flightRow, { ...flightRow, gate: null }]
  const answered = await running.send('POST', '/deployments/flights/predict', { rows })
  assert.equal(answered.status, 200, answered.text)
  const [record, missing] = await logged(running)
  assert.deepEqual(record?.inputs, {
    distance: `${hash}:500`,
    hour: 9,
    load: 0.5,
    weekend: false,
    gate: `${hash}:B3`,
  })
  assert.equal(missing?.inputs['gate'], null)
})

test('keeps only the columns that are named, where some are', async (t) => {
  const running = await serving(t, { columns: { keep: ['hour', 'load'] } })
  await running.send('POST', '/deployments/flights/predict', { rows: [flightRow] })
  assert.deepEqual((await logged(running))[0]?.inputs, { hour: 9, load: 0.5 })
})

test('reads the short forms and the long one, and refuses what it does not know', () => {
  assert.deepEqual(logPlan(logSettingsSchema.parse(undefined)), {
    enabled: true,
    mode: 'before_answer',
    sample: [],
    columns: { drop: [], hash: [], keep: 'all' },
  })
  assert.equal(logPlan(logSettingsSchema.parse('off')).enabled, false)
  const long = logSettingsSchema.parse({ mode: 'after_answer', retain: '90d', segment: '4MiB' })
  assert.equal(logPlan(long).segmentBytes, 4 * 1024 * 1024)
  assert.equal(retainMs(long), 90 * 86_400_000)
  for (const wrong of ['sometimes', { retain: '90' }, { sample: 2 }, { columns: { hide: ['x'] } }]) {
    assert.equal(logSettingsSchema.safeParse(wrong).success, false, JSON.stringify(wrong))
  }
})
