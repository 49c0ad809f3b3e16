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

/** Names of metrics, those that most runs have first. */
export function metricKeys(runs: readonly RunDocument[]): string[] {
  return byFrequency(runs.flatMap(({ metrics }) => metrics.map(({ key }) => key)))
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
