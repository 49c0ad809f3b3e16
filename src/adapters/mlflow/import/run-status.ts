import type { RunStatus } from '#lifecycle/tracking/index'

/** In the order in which MLflow numbers them, from 1. */
const statuses: readonly RunStatus[] = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']

/** Files have the number, databases and the wire the word. A run without one has never ended. */
export function runStatusOf(status: string | undefined): RunStatus {
  return statuses.find((known, index) => known === status || String(index + 1) === status) ?? 'RUNNING'
}
