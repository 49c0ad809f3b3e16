import type { BenchmarkRow } from '../row.ts'
import { post } from './http-calls.ts'
import { historyMs, searchMs } from './measurements.ts'
import { seededRunId, seedRuns } from './seed.ts'
import { devmlops } from './tracking-server.ts'

const runsPerExperiment = 25_000
const experiments = 40
const pointsPerRun = 100
/** One run whose metric is as long as the one of the small store. */
const longHistory = 25_000

/** Search and history on one million runs and a hundred million points, against a store of one experiment. */
export async function largeStoreRows(report: (text: string) => void): Promise<BenchmarkRow[]> {
  const small = await measure(1, report)
  const large = await measure(experiments, report)
  return large.map((row, index) => ({
    ...row,
    ratio: row.ours / (small[index]?.ours ?? Number.NaN),
    note: `≤ 2× of ${small[index]?.ours.toFixed(1)} ms with ${runsPerExperiment} runs`,
  }))
}

async function measure(count: number, report: (text: string) => void): Promise<BenchmarkRow[]> {
  const server = devmlops()
  try {
    const first = await server.start()
    const ids: string[] = []
    for (let index = 0; index < count; index += 1) {
      const { experiment_id } = await post<{ experiment_id: string }>(first.url, 'experiments/create', {
        name: `experiment ${index}`,
      })
      ids.push(experiment_id)
    }
    await first.stop()
    for (const [index, id] of ids.entries()) {
      const from = index * runsPerExperiment
      await seedRuns(server, { experimentId: Number(id), runs: runsPerExperiment, pointsPerRun, from })
      if (index % 10 === 9) report(`${from + runsPerExperiment} runs are stored`)
    }
    const longRun = count * runsPerExperiment
    const seed = { experimentId: 0, runs: 1, pointsPerRun: longHistory, from: longRun }
    await seedRuns(server, seed)
    const running = await server.start()
    try {
      const experimentId = ids[Math.floor(count / 2)] ?? ''
      const names = `${count * runsPerExperiment} runs, ${(count * runsPerExperiment * (pointsPerRun + 10)) / 1e6} million points`
      return [
        {
          name: `${names}: 1,000 runs`,
          ours: await searchMs(running.url, { experimentId, runs: 1000, repeat: 7 }),
          unit: 'ms',
        },
        {
          name: `${names}: page of 10,000`,
          ours: await searchMs(running.url, { experimentId, runs: 10_000, repeat: 3 }),
          unit: 'ms',
        },
        {
          name: `${names}: history of 25,000`,
          ours: await historyMs(running.url, seededRunId(longRun)),
          unit: 'ms',
        },
      ]
    } finally {
      await running.stop()
    }
  } finally {
    server.remove()
  }
}
