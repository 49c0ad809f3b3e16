import type { TableProfile } from '#lifecycle/data/index'
import type { MetricValue, Task } from '#lifecycle/evaluation/contract'

/** What a model version looked like when it was evaluated: what its windows are compared with. */
export interface ModelReference {
  readonly task: Task
  /** The output that is the score: `probability` or `prediction`. */
  readonly scoreColumn: string
  /** Features of the evaluation period and, under the name `scoreColumn`, the scores; undefined if none was kept. */
  readonly profile: TableProfile | undefined
  readonly metrics: readonly MetricValue[]
}

/** Extension point: where references come from. Asked often: a version never changes, so keep the answers. */
export interface ModelReferences {
  referenceOf(model: string, version: number): Promise<ModelReference | undefined>
}
