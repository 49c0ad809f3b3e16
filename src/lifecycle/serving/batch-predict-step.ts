import { join } from 'node:path'
import { z } from 'zod'
import { fail } from '#contract/errors'
import type { ModelScorer, ScorableModel } from '#lifecycle/evaluation/index'
import type { StepContext, StepForm, StepKind } from '#lifecycle/pipelines/index'
import { isTimeType, openTables, quoteName, quoteText, timeColumn } from '#platform/tables/index'

const configSchema = z.strictObject({
  model: z
    .string()
    .regex(/^[^@/:\s]+@[\w-]+$/, 'a model and an alias or version, such as flight-delays@champion')
    .describe('Model and alias or version, such as flight-delays@champion'),
  data: z.string().min(1).describe('The rows to score, such as data.flights or prepare.rows'),
})
type BatchPredictConfig = z.output<typeof configSchema>

export const batchPredictForm: StepForm<BatchPredictConfig> = {
  name: 'batch-predict',
  summary: 'Score every row of a table with a registered model',
  schema: configSchema,
  inputs: ({ data }) => ({ data }),
  outputs: () => [{ name: 'predictions', kind: 'table' }],
}

export interface BatchPredictDependencies {
  readonly scorer: ModelScorer
  /** The model that a reference such as `flight-delays@champion` names now. */
  readonly modelOf: (reference: string) => Promise<ScorableModel>
}

/** Rows that are in memory at a time. */
const rowsPerPart = 500_000

/** The `batch-predict` step: the table with a score column, and the model version that gave it. */
export function batchPredictStep({
  scorer,
  modelOf,
}: BatchPredictDependencies): StepKind<BatchPredictConfig> {
  return {
    ...batchPredictForm,
    version: '1',
    usesAllCores: true,
    // Which version the alias names decides the outputs.
    environment: async ({ model }) => ({ model: (await modelOf(model)).label }),
    run: async (context) => {
      const model = await modelOf(context.config.model)
      return { predictions: { kind: 'table', path: await predictAll(context, { model, scorer }) } }
    },
  }
}

async function predictAll(
  context: StepContext<BatchPredictConfig>,
  { model, scorer }: { model: ScorableModel; scorer: ModelScorer },
): Promise<string> {
  const input = context.inputs['data'] ?? fail('internal', 'The step has no data.')
  const relation = input.relation ?? fail('invalid_input', `${input.label} is not a table.`)
  const tables = await openTables({
    allowedDirectories: [context.workDirectory],
    allowedPaths: input.allowedPaths,
    temporaryDirectory: join(context.workDirectory, 'tables'),
  })
  const score = model.outputs[0]?.name ?? 'score'
  const parts = join(context.workDirectory, 'part-*.parquet')
  const output = join(context.workDirectory, 'predictions.parquet')
  try {
    await tables.run(
      `CREATE TEMP TABLE source AS SELECT *, row_number() OVER () - 1 AS devmlops_row FROM ${relation}`,
    )
    const [counted] = await tables.rows('SELECT count(*) AS rows FROM source')
    const total = Number(counted?.['rows'] ?? 0)
    if (total === 0) fail('invalid_input', `${input.label} has no rows to score.`)
    const types = new Map(
      (await tables.columns('SELECT * FROM source')).map(({ name, type }) => [name, type]),
    )
    const columns = model.inputs
      .map(({ name, type }) =>
        type === 'datetime' && isTimeType(types.get(name) ?? '') ? timeColumn(name) : quoteName(name),
      )
      .join(', ')
    for (let start = 0; start < total; start += rowsPerPart) {
      context.signal.throwIfAborted()
      const within = `devmlops_row >= ${start} AND devmlops_row < ${start + rowsPerPart}`
      const frame = await tables.frame(`SELECT ${columns} FROM source WHERE ${within} ORDER BY devmlops_row`)
      const scores = await scorer.score(model, frame)
      const part = join(context.workDirectory, `part-${String(start).padStart(12, '0')}.parquet`)
      await tables.writeScores({ path: part, scores, firstRow: start })
      context.progress({
        fraction: (start + frame.rows) / total,
        text: `${start + frame.rows} of ${total} rows`,
      })
    }
    await tables.run(
      `COPY (SELECT source.* EXCLUDE (devmlops_row), scored.score AS ${quoteName(score)}, ${quoteText(model.label)} AS model_version
       FROM source JOIN read_parquet(${quoteText(parts)}) AS scored USING (devmlops_row) ORDER BY devmlops_row)
       TO ${quoteText(output)} (FORMAT parquet, COMPRESSION zstd)`,
    )
    return output
  } finally {
    tables.close()
  }
}
