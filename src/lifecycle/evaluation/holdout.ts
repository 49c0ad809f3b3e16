import { fail } from '#contract/errors'
import type { StepContext, StepInput } from '#lifecycle/pipelines/index'
import { isTimeType, openTables, quoteName, timeColumn, type Frame } from '#platform/tables/index'
import type { Contest } from './contest.ts'
import type { EvaluateConfig } from './evaluate-form.ts'
import { labelValues } from './label-values.ts'
import type { ModelEvaluation } from './model-evaluation.ts'
import type { EvaluationReport } from './report.ts'

/** The rows that no candidate has seen. */
export interface Holdout {
  readonly input: StepInput
  readonly frame: Frame
  readonly labels: Float64Array
  readonly period: EvaluationReport['period']
  /** Scores by candidate name, filled while judging. */
  readonly scores: Map<string, Float64Array>
}

/** Reads the columns that the models, the label and the slices need; nothing else enters memory. */
export async function readHoldout(
  context: StepContext<EvaluateConfig>,
  { contest, settings }: { contest: Contest; settings: ModelEvaluation },
): Promise<Holdout> {
  const input = context.inputs['data'] ?? fail('internal', 'The step has no data.')
  const relation = input.relation ?? fail('invalid_input', `${input.label} is not a table.`)
  const tables = await openTables({
    allowedDirectories: [],
    allowedPaths: input.allowedPaths,
    temporaryDirectory: `${context.workDirectory}/tables`,
  })
  try {
    const columns = await tables.columns(`SELECT * FROM ${relation}`)
    const needed = new Set([
      contest.label,
      ...contest.candidates.flatMap(({ signature }) => signature.inputs.map(({ name }) => name)),
      ...settings.slices.map((slice) => ('by' in slice ? slice.by : slice.column)),
    ])
    const moments = new Set(
      contest.candidates.flatMap(({ signature }) =>
        signature.inputs.filter(({ type }) => type === 'datetime').map(({ name }) => name),
      ),
    )
    const readable = columns
      .filter(({ name }) => needed.has(name))
      .map(({ name, type }) => (moments.has(name) && isTimeType(type) ? timeColumn(name) : quoteName(name)))
    if (readable.length === 0) fail('invalid_input', `${input.label} has none of the columns of the model.`)
    const frame = await tables.frame(`SELECT ${readable.join(', ')} FROM ${relation}`)
    if (frame.rows === 0) fail('invalid_input', `${input.label} has no rows to evaluate on.`)
    const time = columns.find(({ type }) => isTimeType(type))
    const [span] =
      time === undefined
        ? []
        : await tables.rows(
            `SELECT CAST(min(${quoteName(time.name)}) AS VARCHAR) AS "from", CAST(max(${quoteName(time.name)}) AS VARCHAR) AS "to" FROM ${relation}`,
          )
    const period = span === undefined ? null : { from: span['from'] as string, to: span['to'] as string }
    const labels = labelValues(frame, {
      name: contest.label,
      positive: contest.positive,
      task: settings.task,
    })
    return { input, frame, labels, period, scores: new Map() }
  } finally {
    tables.close()
  }
}
