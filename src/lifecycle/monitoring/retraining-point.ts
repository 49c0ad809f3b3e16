import type { Caller } from '#contract/endpoint'

export interface PipelineStart {
  readonly pipeline: string
  readonly trigger: { readonly kind: 'alert'; readonly reason: string }
}

/** Extension point: how a retraining is started. */
export interface PipelineStarter {
  startPipeline(start: PipelineStart, caller: Caller): Promise<{ readonly runId: string }>
  /**
   * The run that an equal start made, if any: asked after a crash between a start and the note of it. Every reason ends with
   * the id of its decision, so it finds no other run. Without this function such a start counts as made.
   */
  findStarted?(start: PipelineStart): Promise<{ readonly runId: string } | undefined>
}
