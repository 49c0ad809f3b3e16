import { join } from 'node:path'
import { z } from 'zod'
import { fail } from '#contract/errors'
import type { ScorableModel } from '#lifecycle/evaluation/index'
import type { StepContext, StepForm, StepKind } from '#lifecycle/pipelines/index'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { openTables, quoteText } from '#platform/tables/index'
import { scoreFiles } from './batch/score-files.ts'
import type { LoadedModel } from './model-runtime-point.ts'

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
  /** The model that a reference such as `flight-delays@champion` names now. */
  readonly modelOf: (reference: string) => Promise<ScorableModel>
  readonly load: (model: ScorableModel) => Promise<LoadedModel>
}

/** The `batch-predict` step: the table with the outputs of the model, and the version that gave them. */
export function batchPredictStep({ modelOf, load }: BatchPredictDependencies): StepKind<BatchPredictConfig> {
  return {
    ...batchPredictForm,
    version: '2',
    usesAllCores: true,
    // Which version the alias names decides the outputs.
    environment: async ({ model }) => ({ model: (await modelOf(model)).label }),
    run: async (context) => {
      const scorable = await modelOf(context.config.model)
      const model = await load(scorable)
      try {
        return { predictions: { kind: 'table', path: await predictAll(context, { scorable, model }) } }
      } finally {
        await model.release()
      }
    },
  }
}

interface StepModel {
  readonly scorable: ScorableModel
  readonly model: LoadedModel
}

async function predictAll(
  context: StepContext<BatchPredictConfig>,
  { scorable, model }: StepModel,
): Promise<string> {
  const input = context.inputs['data'] ?? fail('internal', 'The step has no data.')
  const relation = input.relation ?? fail('invalid_input', `${input.label} is not a table.`)
  const source = join(context.workDirectory, 'source.parquet')
  const output = join(context.workDirectory, 'predictions.parquet')
  const tables = await openTables({
    allowedDirectories: [context.workDirectory],
    allowedPaths: input.allowedPaths,
    temporaryDirectory: join(context.workDirectory, 'tables'),
  })
  try {
    await tables.run(`COPY (SELECT * FROM ${relation}) TO ${quoteText(source)} (FORMAT parquet)`)
    const { rows, refused, parts } = await scoreFiles({
      files: [source],
      model,
      label: scorable.label,
      signature: { inputs: [...scorable.inputs], outputs: [...scorable.outputs] } as ModelSignature,
      directory: join(context.workDirectory, 'parts'),
      signal: context.signal,
      progress: ({ rows: done, of }) =>
        context.progress({ fraction: done / of, text: `${done} of ${of} rows` }),
    })
    if (rows === 0) fail('invalid_input', `${input.label} has no rows to score.`)
    if (refused > 0) context.log(`${refused} rows have no score; score_error says why`)
    await tables.run(
      `COPY (SELECT * FROM read_parquet([${parts.map(({ path }) => quoteText(path)).join(', ')}])) TO ${quoteText(output)} (FORMAT parquet, COMPRESSION zstd)`,
    )
    return output
  } finally {
    tables.close()
  }
}
