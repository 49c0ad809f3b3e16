import type { RunDocument } from '../contract.ts'

/** Runs that are not finished are asked for again and again; the rest waits for news. */
export const pollRunningMs = 1500

export function isRunning({ status }: Pick<RunDocument, 'status'>): boolean {
  return status === 'RUNNING' || status === 'SCHEDULED'
}

export function metricOf(run: RunDocument, key: string): number | undefined {
  const value = run.metrics.find((metric) => metric.key === key)?.value
  return value === undefined ? undefined : Number(value)
}

export function statusWord({ status }: Pick<RunDocument, 'status'>): string {
  return status.charAt(0) + status.slice(1).toLowerCase()
}

/** What models are compared by, in this order; `evaluation/roc_auc` counts as `roc_auc`. */
const headlines: readonly { readonly name: string; readonly better: (...values: number[]) => number }[] = [
  { name: 'roc_auc', better: Math.max },
  { name: 'r2', better: Math.max },
  { name: 'rmse', better: Math.min },
  { name: 'mae', better: Math.min },
  { name: 'log_loss', better: Math.min },
  { name: 'average_precision', better: Math.max },
  { name: 'brier_score', better: Math.min },
  { name: 'accuracy', better: Math.max },
  { name: 'f1', better: Math.max },
]

/** Names of metrics: what models are compared by first, then those that most runs have. */
export function metricKeys(runs: readonly RunDocument[]): string[] {
  const keys = byFrequency(runs.flatMap(({ metrics }) => metrics.map(({ key }) => key)))
  const rank = (key: string): number => {
    const index = headlines.findIndex(({ name }) => name === lastPart(key))
    return index === -1 ? headlines.length : index
  }
  return keys.sort((left, right) => rank(left) - rank(right))
}

/** Names of metrics for a table: without details such as `importance/hour`, which has a place on the run's own page. */
export function tableMetricKeys(runs: readonly RunDocument[]): string[] {
  return metricKeys(runs).filter(
    (key) => !key.includes('/') || headlines.some(({ name }) => name === lastPart(key)),
  )
}

/** The best value of the first headline that any run has. */
export function bestMetric(
  runs: readonly RunDocument[],
): { readonly key: string; readonly value: number } | undefined {
  const [key = ''] = metricKeys(runs)
  const better = headlines.find(({ name }) => name === lastPart(key))?.better
  const values = runs.flatMap((run) => metricOf(run, key) ?? []).filter(Number.isFinite)
  return better === undefined || values.length === 0 ? undefined : { key, value: better(...values) }
}

function lastPart(key: string): string {
  return key.split('/').at(-1) ?? key
}

/** Names of parameters that tell the runs apart, then the rest; those that most runs have first. */
export function parameterKeys(runs: readonly RunDocument[]): {
  readonly differing: string[]
  readonly same: string[]
} {
  const keys = byFrequency(runs.flatMap(({ params }) => Object.keys(params)))
  const differs = (key: string): boolean => new Set(runs.map(({ params }) => params[key])).size > 1
  return { differing: keys.filter(differs), same: keys.filter((key) => !differs(key)) }
}

/** Whether a search finds a run: every word in its name, id, parameters, tags or status. */
export function matchesSearch(run: RunDocument, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return true
  const text = [
    run.name,
    run.id,
    run.status,
    run.user,
    ...Object.entries(run.params).map(([key, value]) => `${key}=${value}`),
    ...Object.entries(run.tags).map(([key, value]) => `${key}=${value}`),
  ]
    .join('\n')
    .toLowerCase()
  return words.every((word) => text.includes(word))
}

function byFrequency(keys: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return [...counts].sort(([, left], [, right]) => right - left).map(([key]) => key)
}
