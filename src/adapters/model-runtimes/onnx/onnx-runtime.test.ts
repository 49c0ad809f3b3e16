import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Worker } from 'node:worker_threads'
import type { ModelSource } from '#lifecycle/serving/model-runtime-point'
import {
  flightModel,
  flightProbability,
  flightSignature,
} from '#lifecycle/serving/process/fixtures/small-models'
import { encodeModel, floatTensor, node, value } from '#platform/onnx/index'
import { createOnnxRuntime } from './onnx-runtime.ts'

function runtime(t: TestContext, threads: number) {
  const created = createOnnxRuntime({ threads })
  t.after(() => created.close())
  return created
}

function source(bytes: Uint8Array, signature: ModelSource['signature'] = flightSignature): ModelSource {
  const read = (): Promise<Uint8Array> => Promise.resolve(bytes)
  return { label: 'flights v1', signature, format: undefined, paths: ['model.onnx'], read }
}

function flightBatch(rows: readonly { distance: number; origin: string }[]) {
  const zeros = rows.map(() => 0)
  const numbers = new Float64Array([
    ...rows.map((row) => row.distance),
    ...zeros,
    ...zeros.map(() => Number.NaN),
    ...zeros,
  ])
  return { rows: rows.length, numbers, texts: [rows.map((row) => row.origin), rows.map(() => '')] }
}

const flights = [
  { distance: 100, origin: 'ATL' },
  { distance: -2000, origin: 'JFK' },
  { distance: 5, origin: 'Zürich ✈' },
]

for (const threads of [0, 1, 2]) {
  test(`scores numbers and text on ${threads} worker threads`, async (t) => {
    const model = await runtime(t, threads).load(source(flightModel(0)))
    const scored = await Promise.all(Array.from({ length: 20 }, () => model.score(flightBatch(flights))))
    for (const { outputs } of scored) {
      const [probability, label] = outputs.map((output) => Array.from(output.values, Number))
      flights.forEach((flight, index) => {
        const expected = flightProbability(0, flight)
        assert.ok(Math.abs((probability?.[index] ?? 0) - expected) < 1e-6)
        assert.equal(label?.[index], expected >= 0.5 ? 1 : 0)
      })
    }
    await model.release()
  })
}

const columns = (width: number): ModelSource['signature'] => ({
  inputs: Array.from({ length: width }, (_, index) => ({ name: `f${index}`, type: 'float', required: true })),
  outputs: [{ name: 'prediction', type: 'float' }],
})

/** prediction = input × weights, with one matrix for all columns. */
function matrixModel(weights: readonly number[]): Uint8Array {
  return encodeModel({
    irVersion: 8,
    producerName: 'test',
    opsetImport: [{ version: 17 }],
    metadataProps: [],
    graph: {
      name: 'matrix',
      docString: '',
      node: [node({ type: 'MatMul' }, { inputs: ['X', 'weights'], outputs: ['prediction'] })],
      initializer: [floatTensor('weights', [weights.length, 1], weights)],
      input: [value('X', 'float', ['N', weights.length])],
      output: [value('prediction', 'float', ['N', 1])],
    },
  })
}

test('packs columns into one matrix for a graph that takes one', async (t) => {
  const model = await runtime(t, 1).load(source(matrixModel([1, 10, 100]), columns(3)))
  const { outputs } = await model.score({ rows: 2, numbers: new Float64Array([1, 2, 3, 4, 5, 6]), texts: [] })
  assert.deepEqual(Array.from(outputs[0]?.values ?? [], Number), [531, 642])
  assert.equal(outputs[0]?.width, 1)
})

test('refuses a model that is damaged or does not fit its signature, with the reason', async (t) => {
  const onnx = runtime(t, 1)
  const { inputs, outputs } = flightSignature
  const missingInput = { inputs: inputs.filter((field) => field.name !== 'origin'), outputs }
  const wrongType = {
    inputs: inputs.map((field) => (field.name === 'hour' ? { ...field, type: 'string' as const } : field)),
    outputs,
  }
  const missingOutput = { inputs, outputs: [...outputs, { name: 'score', type: 'float' as const }] }
  const cases: readonly [ModelSource, RegExp][] = [
    [source(flightModel(0).slice(0, 200)), /flights v1 cannot be loaded/],
    [source(new Uint8Array(0)), /cannot be loaded/],
    [source(flightModel(0), missingInput), /the graph wants an input "origin"/],
    [source(flightModel(0), wrongType), /wants "hour" as float32, but the signature says string/],
    [source(flightModel(0), missingOutput), /no output "score"/],
    [source(matrixModel([1, 2]), columns(3)), /takes 2 columns, the signature has 3/],
    [{ ...source(flightModel(0)), paths: ['model.pkl'] }, /no file model\.onnx/],
  ]
  for (const [given, message] of cases)
    await assert.rejects(onnx.load(given), { code: 'invalid_input', message })
  assert.ok(await onnx.load(source(flightModel(0))), 'and loads the next one')
})

test('is used up once it is released or closed', async (t) => {
  const onnx = runtime(t, 1)
  const model = await onnx.load(source(flightModel(0)))
  await model.release()
  await assert.rejects(model.score(flightBatch(flights)), { code: 'not_ready' })
  await onnx.close()
  await assert.rejects(onnx.load(source(flightModel(0))), { code: 'not_ready' })
})

test('finds out how a small model is scored best, and scores the same that way', async (t) => {
  const model = await runtime(t, 1).load(source(flightModel(0)))
  const before = await model.score(flightBatch(flights))
  while (model.properties?.['scorer'] === undefined) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.match(
    model.properties['scorer'],
    /^(compiled, up to \d+ rows at once|compiled, in a thread|onnxruntime, as (it is faster|the compiled form rounds differently))/,
  )
  assert.match(model.properties['scorer_onnxruntime'] ?? '', /µs for 1 row/)
  const after = await model.score(flightBatch(flights))
  for (const [i, { values }] of before.outputs.entries()) {
    for (const [row, value] of Array.from(values, Number).entries())
      assert.ok(Math.abs(value - Number(after.outputs[i]?.values[row])) < 1e-6)
  }
})

test('replaces a thread that dies, with the models it had', async (t) => {
  const workers: Worker[] = []
  const onWorker = (worker: Worker): number => workers.push(worker)
  process.on('worker', onWorker)
  t.after(() => process.off('worker', onWorker))
  const deaths: string[] = []
  const onnx = createOnnxRuntime({
    threads: 1,
    scorer: 'onnxruntime',
    onThreadDeath: (reason) => deaths.push(reason),
  })
  t.after(() => onnx.close())
  const model = await onnx.load(source(flightModel(0)))
  // Not in the middle of a run: a thread that is ended within onnxruntime takes the process along.
  const ended = workers[0]?.terminate()
  const interrupted = model.score(flightBatch(flights))
  interrupted.catch(() => undefined)
  await ended
  await assert.rejects(interrupted, { code: 'not_ready' })
  const deadline = Date.now() + 10_000
  let scored: Awaited<ReturnType<typeof model.score>> | undefined
  while (scored === undefined && Date.now() < deadline) {
    scored = await model.score(flightBatch(flights)).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.equal(scored?.rows, flights.length)
  assert.equal(deaths.length, 1)
})
