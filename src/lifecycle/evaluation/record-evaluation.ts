import { profileFrame } from '#lifecycle/data/index'
import type { StepContext } from '#lifecycle/pipelines/index'
import type { TrackingService } from '#lifecycle/tracking/index'
import type { Frame } from '#platform/tables/index'
import type { EvaluateConfig } from './evaluate-form.ts'
import { evaluationFiles, type EvaluationResult } from './evaluation-result.ts'
import { formatEstimate } from './format-number.ts'
import { renderReport } from './render-report.ts'

/** The runs get what was measured; the winner's also the report and what its features looked like, as files. */
export async function recordEvaluation(
  context: StepContext<EvaluateConfig>,
  { tracking }: { readonly tracking: TrackingService },
  {
    result,
    frame,
    scores,
    examples,
  }: {
    result: EvaluationResult
    frame: Frame
    scores: ReadonlyMap<string, Float64Array>
    /** Rows and what the winner gave for them, as JSON. */
    examples: string | undefined
  },
): Promise<EvaluationResult['winner']['files']> {
  for (const { runId, metrics } of result.candidates) {
    const values = metrics.flatMap((metric) =>
      metric.status === 'value' ? [{ key: `evaluation/${metric.name}`, value: metric.value }] : [],
    )
    await tracking.logBatch({ runId, metrics: values })
  }
  const { winner, report } = result
  const scoreName = report.task === 'binary' ? 'probability' : 'prediction'
  const columns = Object.fromEntries(
    Object.entries(frame.columns).filter(([name]) =>
      // Time goes on, which is no drift.
      winner.signature.inputs.some((input) => input.name === name && input.type !== 'datetime'),
    ),
  )
  const profile = profileFrame({
    rows: frame.rows,
    columns: {
      ...columns,
      [scoreName]: { kind: 'number', values: scores.get(winner.name) ?? new Float64Array(frame.rows) },
    },
  })
  const files = [
    [evaluationFiles.report, JSON.stringify(report)],
    [evaluationFiles.summary, renderReport(report)],
    [evaluationFiles.referenceProfile, JSON.stringify(profile)],
    ...(examples === undefined ? [] : [[evaluationFiles.examples, examples] as const]),
  ] as const
  // A logged model may be evaluated again and again, and its run has a life of its own.
  const folder = winner.trainer === 'mlflow' ? `evaluation/${context.stepRunId}` : 'model'
  const stored = []
  for (const [name, text] of files) {
    const artifact = await tracking.logArtifact({
      runId: winner.runId,
      path: `${folder}/${name}`,
      content: new TextEncoder().encode(text),
    })
    stored.push({ path: name, digest: artifact.digest, sizeBytes: artifact.sizeBytes })
  }
  await tracking.setTag(winner.runId, 'devmlops.verdict', report.verdict.outcome)
  for (const metric of report.metrics)
    if (metric.status === 'value')
      context.log(`${metric.name} ${formatEstimate(metric.value, metric.interval)}`)
  return stored
}
