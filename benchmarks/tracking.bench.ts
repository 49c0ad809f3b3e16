import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTrackingStage, trackingMigrations, type TrackingService } from '#lifecycle/tracking/index'
import { migrate, openDatabase, type Database } from '#platform/database/index'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'

/**
 * Tracking as a stage, without HTTP: durable writes (SQLite with synchronous = FULL) and searches. Set
 * DEVMLOPS_TEST_POSTGRES_URL to measure the same on an empty PostgreSQL database.
 */
const caller = { name: 'bench' }
const searchedRuns = 5_000

const directory = mkdtempSync(join(tmpdir(), 'tracking-bench-'))
const path = join(directory, 'store.db')
const url = process.env['DEVMLOPS_TEST_POSTGRES_URL']
await measure(`SQLite`, await openDatabase({ path }), () => statSync(path).size)
if (url !== undefined) await measure('PostgreSQL', await openDatabase({ url }))
rmSync(directory, { recursive: true, force: true })

async function measure(title: string, database: Database, sizeBytes?: () => number): Promise<void> {
  await migrate(database, [...platformMigrations, ...trackingMigrations], 0)
  const { platform, close } = fixturePlatform(database)
  const { service } = createTrackingStage({ platform })
  console.log(`\n${title}`)
  await smallBatches(service)
  await largeBatches(service, sizeBytes)
  await history(service)
  await searches(service)
  await close()
}

async function smallBatches(service: TrackingService): Promise<void> {
  const { id: runId } = await service.createRun({ caller })
  const count = 2_000
  const times = await repeat(count, async (step) => {
    const metrics = Array.from({ length: 10 }, (_, index) => ({
      key: `m${index}`,
      value: Math.random(),
      timestamp: step,
      step,
    }))
    await service.logBatch({ runId, metrics })
  })
  row('log-batch of 10 metrics, one after the other', `${(1000 / mean(times)).toFixed(0)} batches/s`, times)
}

async function largeBatches(service: TrackingService, sizeBytes?: () => number): Promise<void> {
  const { id: runId } = await service.createRun({ caller })
  const count = 200
  const before = sizeBytes?.() ?? 0
  const times = await repeat(count, async (batch) => {
    const metrics = Array.from({ length: 1000 }, (_, index) => {
      const step = batch * 100 + Math.floor(index / 10)
      return { key: `m${index % 10}`, value: Math.random(), timestamp: 1.7e12 + step, step }
    })
    await service.logBatch({ runId, metrics })
  })
  row('log-batch of 1,000 metrics', `${((1000 / mean(times)) * 1000).toFixed(0)} metrics/s`, times)
  if (sizeBytes === undefined) return
  console.log(
    `${'  stored size'.padEnd(52)}${`${((sizeBytes() - before) / (count * 1000)).toFixed(0)} bytes/metric`.padStart(20)}`,
  )
}

async function history(service: TrackingService): Promise<void> {
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
  const times = await repeat(20, () => service.metricHistory(runId, { key: 'loss', limit: 25_000 }))
  row('metric history of 25,000 points', `${mean(times).toFixed(1)} ms`, times)
}

async function searches(service: TrackingService): Promise<void> {
  const { id: experimentId } = await service.createExperiment({ name: 'searched' })
  const created = await repeat(searchedRuns, async (index) => {
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
  row('create a run, log 10 params and 10 metrics', `${(1000 / mean(created)).toFixed(0)} runs/s`, created)
  const page = { experimentIds: [experimentId], limit: 1000 }
  const newest = await repeat(20, () => service.searchRuns(page))
  row(`newest 1,000 of ${searchedRuns} runs with all data`, `${mean(newest).toFixed(1)} ms`, newest)
  const best = await repeat(20, () =>
    service.searchRuns({ ...page, order: { by: { metric: 'm3' }, descending: true } }),
  )
  row(`best 1,000 of ${searchedRuns} by a metric, with all data`, `${mean(best).toFixed(1)} ms`, best)
}

async function repeat(count: number, work: (index: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index += 1) {
    const start = performance.now()
    await work(index)
    times.push(performance.now() - start)
  }
  return times
}

function row(name: string, figure: string, times: readonly number[]): void {
  const sorted = [...times].sort((a, b) => a - b)
  const p50 = sorted[Math.floor(sorted.length / 2)] ?? 0
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0
  console.log(
    `${name.padEnd(52)}${figure.padStart(20)}   p50 ${p50.toFixed(2)} ms   p99 ${p99.toFixed(2)} ms`,
  )
}

function mean(times: readonly number[]): number {
  return times.reduce((sum, time) => sum + time, 0) / times.length
}
