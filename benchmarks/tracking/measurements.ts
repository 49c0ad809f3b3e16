import { setTimeout as sleep } from 'node:timers/promises'
import { durationsMs, median } from '../row.ts'
import { download, upload } from './artifact-transfer.ts'
import { exchange, logLoad, newRuns, post } from './http-calls.ts'
import { peakMb, processorMs, residentMb } from './process-tree.ts'
import { seedRuns } from './seed.ts'
import type { RunningServer, TrackingServer } from './tracking-server.ts'

/** One figure of one server. */
export interface Measured {
  readonly value: number
  readonly note?: string
}

/** What is measured, by the name of its row; each with the target of ours and of the ratio. */
export const measurements = {
  start: { title: 'start to first answer', unit: 'ms', target: '≤ 500 ms, ≥ 5×', less: true },
  idle: { title: 'idle memory, all processes', unit: 'MB', target: '≤ 150 MB, ≥ 3× less', less: true },
  smallBatches: {
    title: 'log-batch of 10 metrics, 20 clients',
    unit: 'requests/s',
    target: '≥ 3,000, ≥ 10×',
    less: false,
  },
  largeBatches: {
    title: 'log-batch of 1,000 metrics, 1 client',
    unit: 'metrics/s',
    target: '≥ 150,000, ≥ 15×',
    less: false,
  },
  largeBatchesOfMany: {
    title: 'log-batch of 1,000 metrics, 4 clients',
    unit: 'metrics/s',
    target: '≥ 150,000, ≥ 15×',
    less: false,
  },
  history: { title: 'metric history of 25,000 points', unit: 'ms', target: '≤ 60 ms, ≥ 5×', less: true },
  search: { title: '1,000 of 25,000 runs, all data', unit: 'ms', target: '≤ 60 ms, ≥ 10×', less: true },
  page: { title: 'page of 10,000 runs, all data', unit: 'ms', target: '≤ 1,000 ms, ≥ 10×', less: true },
  quiet: { title: 'log-batch p99 of one client', unit: 'ms', target: '', less: true },
  searched: {
    title: 'the same while another reads pages of 10,000',
    unit: 'ms',
    target: 'searching never blocks logging',
    less: true,
  },
  upload: { title: 'upload of 1 GB', unit: 'MB/s', target: '≥ 400 MB/s, ≥ 3×', less: false },
  uploadMemory: { title: 'more memory during it', unit: 'MB', target: '≤ 150 MB', less: true },
  download: { title: 'download of 1 GB', unit: 'MB/s', target: '≥ 400 MB/s, ≥ 3×', less: false },
  downloadMemory: { title: 'more memory during it', unit: 'MB', target: '≤ 150 MB', less: true },
} as const

export type MeasurementName = keyof typeof measurements
export type Figures = Partial<Record<MeasurementName, Measured>>

const historyPoints = 25_000
const seededRuns = 25_000
const artifactMb = 1024

export interface MeasureOptions {
  readonly figures: readonly MeasurementName[]
  report(text: string): void
}

/** Starts the server and measures it; what it cannot do, or not in time, is left out and reported. */
export async function measureServer(
  server: TrackingServer,
  { figures, report }: MeasureOptions,
): Promise<Figures> {
  const found: Figures = {}
  const wants = (...names: readonly MeasurementName[]): boolean =>
    names.some((name) => figures.includes(name))
  const attempt = async (name: string, work: () => Promise<Figures>): Promise<void> => {
    try {
      const measured = await work()
      Object.assign(found, measured)
      // As they come: one slow server must not keep what is known of the others.
      for (const [figure, { value }] of Object.entries(measured)) {
        const { title, unit } = measurements[figure as MeasurementName]
        report(`${server.name}: ${title}: ${value.toPrecision(4)} ${unit}`)
      }
    } catch (error) {
      report(`${server.name}: ${name} failed: ${String(error)}`)
    }
  }
  // The first start makes the schema; what is measured is an everyday one.
  await (await server.start()).stop()
  let running = await server.start()
  try {
    await attempt('start', () => startFigures(server, running))
    if (wants('smallBatches')) await attempt('small batches', () => smallBatches(running))
    if (wants('largeBatches', 'largeBatchesOfMany'))
      await attempt('large batches', () => largeBatches(running))
    if (wants('history')) await attempt('history', () => history(running))
    if (wants('search', 'page', 'quiet', 'searched')) {
      const { experiment_id } = await post<{ experiment_id: string }>(running.url, 'experiments/create', {
        name: 'searched',
      })
      await running.stop()
      await seedRuns(server, { experimentId: Number(experiment_id), runs: seededRuns, pointsPerRun: 0 })
      running = await server.start()
      await attempt('search', () => searches(running, experiment_id))
      if (wants('quiet', 'searched'))
        await attempt('search while logging', () => besides(running, experiment_id))
    }
    if (server.carriesArtifacts && wants('upload', 'download'))
      await attempt('artifacts', () => artifacts(running))
  } finally {
    await running.stop()
  }
  return found
}

async function startFigures(server: TrackingServer, running: RunningServer): Promise<Figures> {
  await sleep(3000)
  const idle = residentMb(running.pid)
  const starts = [running.startMs]
  // Beside the one that runs no second one may use the store, so the others start one after the other.
  await running.stop()
  for (let round = 0; round < 3; round += 1) {
    const again = await server.start()
    starts.push(again.startMs)
    await again.stop()
  }
  Object.assign(running, await server.start())
  return { start: { value: median(starts) }, idle: { value: idle } }
}

async function smallBatches(running: RunningServer): Promise<Figures> {
  const cpu = processorMs(running.pid)
  const durationMs = 4000
  const rounds: number[] = []
  let p99 = 0
  for (let round = 0; round < 3; round += 1) {
    const result = await logLoad(running.url, { clients: 20, metrics: 10, durationMs })
    rounds.push(result.perSecond)
    p99 = result.p99
  }
  // The load runs a second longer than it is measured.
  const requests = rounds.reduce((sum, rate) => sum + rate, 0) * (durationMs / 1000 + 1)
  const perRequest = (processorMs(running.pid) - cpu) / requests
  return {
    smallBatches: {
      value: median(rounds),
      note: `p99 ${p99.toFixed(1)} ms, ${(perRequest * 1000).toFixed(0)} µs of processor`,
    },
  }
}

async function largeBatches(running: RunningServer): Promise<Figures> {
  const rates = async (clients: number): Promise<Measured> => {
    const rounds: number[] = []
    for (let round = 0; round < 3; round += 1) {
      rounds.push((await logLoad(running.url, { clients, metrics: 1000 })).perSecond * 1000)
    }
    return { value: median(rounds) }
  }
  return { largeBatches: await rates(1), largeBatchesOfMany: await rates(4) }
}

async function history(running: RunningServer): Promise<Figures> {
  const [runId = ''] = await newRuns(running.url, 1)
  for (let batch = 0; batch < historyPoints / 1000; batch += 1) {
    const metrics = Array.from({ length: 1000 }, (_, index) => {
      const step = batch * 1000 + index
      return { key: 'loss', value: step / 7, timestamp: 1_700_000_000_000 + step, step }
    })
    await post(running.url, 'runs/log-batch', { run_id: runId, metrics })
  }
  return { history: { value: await historyMs(running.url, runId) } }
}

export async function historyMs(url: string, runId: string): Promise<number> {
  const query = `run_id=${runId}&run_uuid=${runId}&metric_key=loss&max_results=${historyPoints}`
  const read = () => exchange(`${url}/api/2.0/mlflow/metrics/get-history?${query}`)
  await read()
  return median(await durationsMs(11, read))
}

async function searches(running: RunningServer, experimentId: string): Promise<Figures> {
  return {
    search: { value: await searchMs(running.url, { experimentId, runs: 1000, repeat: 7 }) },
    page: { value: await searchMs(running.url, { experimentId, runs: 10_000, repeat: 3 }) },
  }
}

export async function searchMs(
  url: string,
  { experimentId, runs, repeat }: { experimentId: string; runs: number; repeat: number },
): Promise<number> {
  const search = () => searchOnce(url, experimentId, runs)
  const first = await search()
  const length = first.toString().split('"lifecycle_stage"').length - 1
  if (length !== runs) throw new Error(`a search answered ${length} runs instead of ${runs}`)
  return median(await durationsMs(repeat, search))
}

function searchOnce(url: string, experimentId: string, runs: number): Promise<Buffer> {
  return exchange(`${url}/api/2.0/mlflow/runs/search`, {
    method: 'POST',
    body: { experiment_ids: [experimentId], max_results: runs },
  })
}

async function besides(running: RunningServer, experimentId: string): Promise<Figures> {
  const log = () => logLoad(running.url, { clients: 1, metrics: 10, durationMs: 5000 })
  const quiet = await log()
  const logged = new AbortController()
  let pages = 0
  const search = (async () => {
    for (; !logged.signal.aborted; pages += 1) await searchOnce(running.url, experimentId, 10_000)
  })()
  const searched = await log()
  logged.abort()
  await search
  return {
    quiet: { value: quiet.p99, note: `p50 ${quiet.p50.toFixed(2)} ms` },
    searched: { value: searched.p99, note: `p50 ${searched.p50.toFixed(2)} ms, ${pages} pages` },
  }
}

async function artifacts(running: RunningServer): Promise<Figures> {
  const [runId = ''] = await newRuns(running.url, 1)
  const url = `${running.url}/api/2.0/mlflow-artifacts/artifacts/0/${runId}/artifacts/large.bin`
  const transfer = async (work: (url: string, sizeMb: number) => Promise<number>) => {
    const before = residentMb(running.pid)
    const { peak, result } = await peakMb(running.pid, () => work(url, artifactMb))
    return { rate: { value: artifactMb / (result / 1000) }, memory: { value: Math.max(0, peak - before) } }
  }
  const up = await transfer(upload)
  const down = await transfer(download)
  return { upload: up.rate, uploadMemory: up.memory, download: down.rate, downloadMemory: down.memory }
}
