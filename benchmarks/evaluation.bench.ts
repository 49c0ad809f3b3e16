import {
  comparePaired,
  evaluate,
  measure,
  modelEvaluationSchema,
  prepareRows,
} from '#lifecycle/evaluation/index'
import { createRandom } from '#platform/random'
import { durationsMs, type BenchmarkRow } from './row.ts'

const rows = 500_000
const airports = 230

/** Evaluation of 500,000 rows: the whole binary set, slices, paired comparison and bootstrap. Best of three. */
export async function evaluationBenchmark(): Promise<BenchmarkRow[]> {
  const random = createRandom(1)
  const scores = Float64Array.from({ length: rows }, () => Math.fround(random.uniform()))
  const rival = scores.map((score) => Math.fround(0.8 * score + 0.2 * random.uniform()))
  const labels = scores.map((score) => (random.uniform() < score ** 1.5 ? 1 : 0))
  const frame = {
    rows,
    columns: {
      origin: {
        kind: 'category' as const,
        codes: Int32Array.from({ length: rows }, () => Math.floor(airports * random.uniform() ** 3)),
        levels: Array.from({ length: airports }, (_, index) => `A${index}`),
      },
    },
  }
  const settings = modelEvaluationSchema.parse({ task: 'binary', slices: [{ by: 'origin', min_rows: 2000 }] })
  const about = {
    model: 'm',
    runId: 'r',
    dataset: { name: 'd', version: '1' },
    period: null,
    evaluatedAt: '2001-07-01',
  }
  const reference = { status: 'scored' as const, name: 'rival', scores: rival }
  const pair = {
    candidate: prepareRows({ task: 'binary', labels, scores }),
    reference: prepareRows({ task: 'binary', labels, scores: rival }),
  }

  return [
    await best('12 binary metrics with intervals', () => measure({ task: 'binary', labels, scores })),
    await best('report: slices by 230 values, two references', () =>
      evaluate({
        about,
        settings,
        labels,
        scores,
        frame,
        references: { champion: reference, baseline: reference },
        seed: 1,
      }),
    ),
    await best('paired DeLong', () => comparePaired('roc_auc', pair)),
    await best('paired bootstrap of roc_auc, 1,000 replicates', () =>
      comparePaired('roc_auc', pair, { bootstrap: { seed: 1 } }),
    ),
    await best('paired bootstrap of log_loss, 1,000 replicates', () =>
      comparePaired('log_loss', pair, { bootstrap: { seed: 1 } }),
    ),
  ]
}

async function best(name: string, work: () => unknown): Promise<BenchmarkRow> {
  return { name, ours: Math.min(...(await durationsMs(3, work))), unit: 'ms', note: 'best of 3' }
}
