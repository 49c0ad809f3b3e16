import { z } from 'zod'
import { durationMs } from '#contract/units'
import { defineSection } from '#lifecycle/project/contract'
import { nameSchema } from '../deployment/name.ts'

export const modelOrVersionSchema = z
  .string()
  .regex(/^[^@/:\s]+@[\w-]+$/, 'a model and an alias or version, such as churn@champion or churn@3')
  .describe('Model and alias or version, such as churn@champion')

const datasetSchema = z
  .string()
  .regex(/^(?:data\.)?[\w-]+(?:@[\w.-]+)?$/, 'a dataset, such as data.customers or customers@3')

const sources = ['data', 'query', 'files'] as const

const batchFields = {
  model: modelOrVersionSchema,
  data: datasetSchema
    .optional()
    .describe('The dataset whose rows are scored: its newest version, or the one named'),
  query: z
    .string()
    .min(1)
    .optional()
    .describe('A SELECT over the datasets under `inputs`; its rows are scored'),
  inputs: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/), datasetSchema)
    .default({})
    .describe('Datasets that the query reads, by the names it has for them'),
  files: z
    .string()
    .min(1)
    .optional()
    .describe('Parquet, CSV or NDJSON files of the project, such as incoming/*.parquet'),
  to: z
    .string()
    .regex(/^[\w-]+$/, 'the name of a dataset')
    .optional()
    .describe('The dataset that gets a version with the rows and their scores'),
  folder: z
    .string()
    .min(1)
    .optional()
    .describe('A folder of the project that gets the rows and their scores as Parquet files'),
  log: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1000)
    .describe('Predictions of each run that go to the prediction log, spread evenly; what monitors see'),
}

interface SourceAndTarget {
  readonly data?: string | undefined
  readonly query?: string | undefined
  readonly files?: string | undefined
  readonly to?: string | undefined
  readonly folder?: string | undefined
}

const hasOneSource = (settings: SourceAndTarget): boolean =>
  sources.filter((source) => settings[source] !== undefined).length === 1
const oneSource = { error: `expected exactly one of ${sources.join(', ')}` }
const hasOneTarget = ({ to, folder }: SourceAndTarget): boolean =>
  (to === undefined) !== (folder === undefined)
const oneTarget = { error: 'expected either to or folder' }

/** What is scored and where the scores go. */
export const batchSettingsSchema = z
  .strictObject(batchFields)
  .refine(hasOneSource, oneSource)
  .refine(hasOneTarget, oneTarget)
export type BatchSettings = z.output<typeof batchSettingsSchema>

const scheduledSchema = z
  .strictObject({
    ...batchFields,
    description: z.string().optional(),
    every: durationMs.optional().describe('Runs by itself so often; left out, only when asked'),
    offset: durationMs.prefault('0s').describe('How long after the full multiple of `every`, in UTC'),
  })
  .refine(hasOneSource, oneSource)
  .refine(hasOneTarget, oneTarget)
export type ScheduledBatch = z.output<typeof scheduledSchema>

export const batchSection = defineSection({
  name: 'batch_scoring',
  summary: 'Tables that are scored as a whole, when asked or by the clock.',
  schema: z.record(nameSchema, scheduledSchema).prefault({}),
  example: `batch_scoring:
  nightly-returns:
    model: returns@champion
    data: data.orders
    folder: scored
`,
  reads: ['models', 'deployments', 'data'],
  check: ({ batch_scoring: batches, models, deployments, data }) =>
    Object.entries(batches).flatMap(([name, { model, to }]) => [
      ...unknownName(['batch_scoring', name, 'model'], 'model', model.split('@')[0] ?? '', models),
      ...(to === undefined ? [] : unknownName(['batch_scoring', name, 'to'], 'dataset', to, data)),
      ...(Object.keys(deployments ?? {}).includes(name)
        ? [
            {
              path: ['batch_scoring', name],
              message: `a deployment is named "${name}", and their logs would be one`,
            },
          ]
        : []),
    ]),
})
export type BatchSection = z.output<typeof batchSection.schema>

function unknownName(path: string[], what: string, name: string, section: unknown) {
  const known = Object.keys(section ?? {})
  if (known.includes(name)) return []
  return [{ path, message: `no ${what} is called "${name}"`, unknown: { name, known } }]
}
