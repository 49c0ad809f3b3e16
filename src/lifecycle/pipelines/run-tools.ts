import type { Platform } from '#platform/platform'
import type { AssessmentTools } from './assessment.ts'
import type { CoreBudget } from './core-budget.ts'
import type { DatasetPoint } from './dataset-point.ts'
import type { Executor } from './executor-point.ts'
import type { LiveRuns } from './live-runs.ts'
import type { PipelineProject } from './pipeline-project.ts'

/** What the parts of a run work with. */
export interface RunTools extends AssessmentTools {
  readonly platform: Pick<Platform, 'clock' | 'config' | 'events' | 'log'>
  readonly datasets: DatasetPoint
  readonly executor: Executor
  readonly budget: CoreBudget
  readonly live: LiveRuns
  /** The project as it stands now. */
  readonly project: () => Promise<PipelineProject>
}
