import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { gradientBoosting } from '#adapters/trainers/boosting/gradient-boosting'
import { logisticRegression } from '#adapters/trainers/linear/logistic-regression'
import { rocAuc } from './training/roc-auc.ts'
import { fitModel, scoreModel } from '#lifecycle/training/index'
import type { FittedModel, Trainer } from '#lifecycle/training/index'
import { openTables } from '#platform/tables/index'
import type { Frame } from '#platform/tables/index'
import type { BenchmarkOptions, BenchmarkRow } from './row.ts'

const flights = join(import.meta.dirname, '../node_modules/vega-datasets/data/flights-3m.parquet')

/** `noise` makes every row different, so that equal rows cannot be merged. */
const columns = `hour(date) AS hour, isodow(date) - 1 AS weekday, distance, origin, destination,
  (hash(file_row_number) % 1000000) / 1e6 AS noise, (delay > 15)::INTEGER AS late`

const features = {
  hour: 'number',
  weekday: 'number',
  distance: 'number',
  origin: 'category',
  destination: 'category',
} as const

/**
 * Two months of flights, 966,409 rows, scored on later months; the peer is LightGBM on two threads, with 100 trees of 31
 * leaves too. CPU seconds are this process's, so a busy machine does not change them much.
 */
export async function trainingBenchmark({ python }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const [training, march, june] = await readMonths()
  const peer = python === undefined ? {} : await measurePeer(python)
  const line = (name: string, unit: string, ours: number): BenchmarkRow => {
    const other = peer[name]
    return { name, unit, ours, ...(other === undefined ? {} : { peer: other }) }
  }
  const boosted = fit(gradientBoosting, training)
  const unique = fit(gradientBoosting, training, { noise: 'number' })
  const linear = fit(logisticRegression, training)
  const scores = timed(() => scoreModel(gradientBoosting, boosted.value, june))
  const auc = (frame: Frame): number =>
    rocAuc(labels(frame), scoreModel(gradientBoosting, boosted.value, frame))
  const graph = await graphMicroseconds(boosted.value, march)
  return [
    line('boosting: fit', 's', boosted.seconds),
    line('boosting: fit, CPU', 's', boosted.cpuSeconds),
    line('boosting: rows fitted', 'rows/s', training.rows / boosted.seconds),
    line('boosting: AUC on March', '', auc(march)),
    line('boosting: AUC on June', '', auc(june)),
    line('boosting: fit, every row different', 's', unique.seconds),
    line('boosting: fit, every row different, CPU', 's', unique.cpuSeconds),
    line('boosting: score by the trainer', 'µs/row', (scores.seconds * 1e6) / june.rows),
    line('boosting: score by the graph, 1 row', 'µs/row', graph.single),
    line('boosting: score by the graph, 1000 rows', 'µs/row', graph.batch),
    line('boosting: size of the graph', 'kB', boosted.value.onnx.length / 1000),
    line('logistic regression: fit', 's', linear.seconds),
    line('logistic regression: fit, CPU', 's', linear.cpuSeconds),
  ]
}

async function readMonths(): Promise<[Frame, Frame, Frame]> {
  const directory = mkdtempSync(join(tmpdir(), 'training-bench-'))
  const tables = await openTables({
    allowedDirectories: [],
    allowedPaths: [flights],
    temporaryDirectory: directory,
  })
  await tables.run(
    `CREATE TEMP TABLE flights AS SELECT * FROM read_parquet('${flights}', file_row_number = true)`,
  )
  const read = (where: string): Promise<Frame> =>
    tables.frame(`SELECT ${columns} FROM flights WHERE ${where}`)
  const training = await read('month(date) IN (1, 2)')
  const march = await read('month(date) = 3')
  const june = await read('month(date) = 6')
  tables.close()
  rmSync(directory, { recursive: true, force: true })
  return [training, march, june]
}

function fit(trainer: Trainer, frame: Frame, extra: Record<string, 'number'> = {}) {
  return timed(() =>
    fitModel(trainer, {
      frame,
      label: 'late',
      features: Object.entries({ ...features, ...extra }).map(([name, kind]) => ({ name, kind })),
      task: 'binary',
      parameters: {},
      seed: 0,
    }),
  )
}

function timed<Value>(work: () => Value): { value: Value; seconds: number; cpuSeconds: number } {
  const cpu = process.cpuUsage()
  const started = performance.now()
  const value = work()
  return {
    value,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: process.cpuUsage(cpu).user / 1e6,
  }
}

function labels(frame: Frame): Float64Array {
  const column = frame.columns['late']
  return column?.kind === 'number' ? column.values : new Float64Array()
}

async function graphMicroseconds(
  model: FittedModel,
  frame: Frame,
): Promise<{ single: number; batch: number }> {
  const session = await InferenceSession.create(model.onnx, { intraOpNumThreads: 1, logSeverityLevel: 3 })
  const measure = async (rows: number, repeats: number): Promise<number> => {
    const batches = Array.from({ length: repeats }, (_, i) => feeds(model, frame, { begin: i * rows, rows }))
    for (const batch of batches.slice(0, 20)) await session.run(batch)
    const started = performance.now()
    for (const batch of batches) await session.run(batch)
    return ((performance.now() - started) * 1000) / (rows * repeats)
  }
  return { single: await measure(1, 3000), batch: await measure(1000, 200) }
}

function feeds(model: FittedModel, frame: Frame, { begin, rows }: { begin: number; rows: number }) {
  return Object.fromEntries(
    model.features.map(({ name }) => {
      const column = frame.columns[name]
      if (column?.kind === 'number')
        return [
          name,
          new Tensor('float32', Float32Array.from(column.values.subarray(begin, begin + rows)), [rows, 1]),
        ]
      const codes = Array.from(column?.codes.subarray(begin, begin + rows) ?? [])
      return [
        name,
        new Tensor(
          'string',
          codes.map((code) => column?.levels[code] ?? ''),
          [rows, 1],
        ),
      ]
    }),
  )
}

async function measurePeer(python: string): Promise<Record<string, number>> {
  const script = join(import.meta.dirname, 'training/lightgbm-peer.py')
  const { stdout } = await promisify(execFile)(python, [script, flights])
  return JSON.parse(stdout) as Record<string, number>
}
