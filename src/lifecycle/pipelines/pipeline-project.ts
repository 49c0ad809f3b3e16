import type { PipelinesConfig } from './section.ts'

/** What the stage needs of the project; composition reads the file. */
export interface PipelineProject {
  /** Absolute. */
  readonly directory: string
  /** Variables for every process that the project starts, with their values. */
  readonly environment: Readonly<Record<string, string>>
  readonly pipelines: PipelinesConfig
}
