import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTrackingStage, trackingMigrations, type TrackingService } from '#lifecycle/tracking/index'
import { migrate, openDatabase, type Database } from '#platform/database/index'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { durationsMs, mean, median, type BenchmarkRow } from './row.ts'

const caller = { name: 'bench' }
const searchedRuns = 5_000

/**
 * Tracking as a stage, without HTTP: durable writes (SQLite with synchronous = FULL) and searches. Set
 * DEVMLOPS_TEST_POSTGRES_URL to measure the same on an empty PostgreSQL database.
 */
export async function trackingBenchmark(): Promise<BenchmarkRow[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tracking-bench-'))
  const path = join(directory, 'store.db')
  const url = process.env['DEVMLOPS_TEST_POSTGRES_URL']
  const rows = await measure('SQLite', await openDatabase({ path }), () => statSync(path).size)
  if (url !== undefined) rows.push(...(await measure('PostgreSQL', await openDatabase({ url }))))
  rmSync(directory, { recursive: true, force: true })
  return rows
}

async function measure(
  engine: string,
  database: Database,
  sizeBytes?: () => number,
): Promise<BenchmarkRow[]> {
  await migrate(database, [...platformMigrations, ...trackingMigrations], 0)
  const { platform, close } = fixturePlatform(database)
  const { service } = createTrackingStage({ platform })
  const rows = [
    await smallBatches(service),
    ...(await largeBatches(service, sizeBytes)),
    await history(service),
    ...(await searches(service)),
  ]
  await close()
  return rows.map((one) => ({ ...one, name: `${engine}: ${one.name}` }))
}

async function smallBatches(service: TrackingService): Promise<BenchmarkRow> {
  const { id: runId } = await service.createRun({ caller })
  const count = 2_000
  const times = await durationsMs(count, async (step) => {
    const metrics = Array.from({ length: 10 }, (_, index) => ({
      key: `m${index}`,
      value: Math.random(),
      timestamp: step,
      step,
    }))
    await service.logBatch({ runId, metrics })
  })
  return row('log-batch of 10 metrics', [1000 / mean(times), 'batches/s'], times)
}

async function largeBatches(service: TrackingService, sizeBytes?: () => number): Promise<BenchmarkRow[]> {
  const { id: runId } = await service.createRun({ caller })
  const count = 200
  const before = sizeBytes?.() ?? 0
  const times = await durationsMs(count, async (batch) => {
    const metrics = Array.from({ length: 1000 }, (_, index) => {
      const step = batch * 100 + Math.floor(index / 10)
      return { key: `m${index % 10}`, value: Math.random(), timestamp: 1.7e12 + step, step }
    })
    await service.logBatch({ runId, metrics })
  })
  const logged = row('log-batch of 1,000 metrics', [1e6 / mean(times), 'metrics/s'], times)
  if (sizeBytes === undefined) return [logged]
  return [
    logged,
    { name: 'stored size', ours: (sizeBytes() - before) / (count * 1000), unit: 'bytes/metric' },
  ]
}

async function history(service: TrackingService): Promise<BenchmarkRow> {
  const { id: runId } = await service.createRun({ caller })
  for (let batch = 0; batch < 25; batch += 1) {
    const metrics = Array.from({ length: 1000 }, (_, index) => ({
      key: 'loss',
      value: index,
      timestamp: batch,
      step: batch * 1000 + index,
    }))
    await service.logBatch({ runId, metrics })
  }
  const times = await durationsMs(20, () => service.metricHistory(runId, { key: 'loss', limit: 25_000 }))
  return row('metric history of 25,000 points', [mean(times), 'ms'], times)
}

async function searches(service: TrackingService): Promise<BenchmarkRow[]> {
  const { id: experimentId } = await service.createExperiment({ name: 'searched' })
  const created = await durationsMs(searchedRuns, async (index) => {
    const tags = { team: 'ops', index: String(index), 'mlflow.source.name': 'train.py' }
    const { id: runId } = await service.createRun({ experimentId, caller, startedAt: index, tags })
    await service.logBatch({
      runId,
      params: Object.fromEntries(
        Array.from({ length: 10 }, (_, param) => [`p${param}`, String(param * index)]),
      ),
      metrics: Array.from({ length: 10 }, (_, metric) => ({
        key: `m${metric}`,
        value: Math.random(),
        timestamp: index,
      })),
    })
  })
  const page = { experimentIds: [experimentId], limit: 1000 }
  const newest = await durationsMs(20, () => service.searchRuns(page))
  const best = await durationsMs(20, () =>
    service.searchRuns({ ...page, orderBy: ['metrics.m3 desc'] }),
  )
  return [
    row('create a run, log 10 params and 10 metrics', [1000 / mean(created), 'runs/s'], created),
    row(`newest 1,000 of ${searchedRuns} runs, all data`, [mean(newest), 'ms'], newest),
    row(`best 1,000 of ${searchedRuns} by a metric, all data`, [mean(best), 'ms'], best),
  ]
}

function row(name: string, [ours, unit]: [number, string], times: readonly number[]): BenchmarkRow {
  const worst = [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0
  return { name, ours, unit, note: `p50 ${median(times).toFixed(2)} ms, p99 ${worst.toFixed(2)} ms` }
}
