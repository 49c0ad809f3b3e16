import type { StepContext } from '#lifecycle/pipelines/index'
import { reservedTags, type TrackingService } from '#lifecycle/tracking/index'

/** A run for a model from elsewhere, so that its metrics and files stand beside the others'. */
export async function candidateRun(
  context: StepContext,
  tracking: TrackingService,
  { name, trainer }: { readonly name: string; readonly trainer: string },
): Promise<{ readonly id: string }> {
  const experiment = await tracking.getOrCreateExperiment(context.pipeline)
  return tracking.createRun({
    experimentId: experiment.id,
    name,
    caller: { name: context.actor },
    tags: {
      [reservedTags.pipeline]: context.pipeline,
      [reservedTags.pipelineRunId]: context.pipelineRunId,
      [reservedTags.step]: name,
      'devmlops.trainer': trainer,
      ...(context.code === undefined ? {} : { [reservedTags.gitCommit]: context.code.commit }),
    },
  })
}
