import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { pageInput, pageOf } from '#contract/page'

/** The columns that a model takes and gives. */
const columnTypes = ['boolean', 'integer', 'long', 'float', 'double', 'string', 'datetime'] as const
const columnTypeSchema = z.enum(columnTypes)

/** What one row has in a field, as dimensions after the first; left out, one value. */
const rowShapeSchema = z.array(z.int().positive()).min(1).max(7)

export const modelSignatureSchema = z.object({
  inputs: z
    .array(
      z.object({
        name: z.string().min(1),
        type: columnTypeSchema,
        required: z.boolean(),
        shape: rowShapeSchema.optional(),
      }),
    )
    .min(1),
  outputs: z
    .array(z.object({ name: z.string().min(1), type: columnTypeSchema, shape: rowShapeSchema.optional() }))
    .min(1),
})
export type ModelSignature = z.infer<typeof modelSignatureSchema>
export type ColumnType = z.infer<typeof columnTypeSchema>

/**
 * How the files of a model can be loaded, where they are not one `model.onnx` of our own form: by a graph of another
 * program, by MLflow's `python_function`, or by either.
 */
export const modelFormatSchema = z.object({
  onnx: z.object({ path: z.string().min(1) }).optional(),
  python: z
    .object({
      /** Of the Python that logged it, such as `3.11.7`. */
      version: z.string().optional(),
      mlflow: z.string().optional(),
    })
    .optional(),
})
export type ModelFormat = z.infer<typeof modelFormatSchema>

export { reservedTags } from './reserved-tags.ts'

const runStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const
export const runStatusSchema = z.enum(runStatuses)
export type RunStatus = z.infer<typeof runStatusSchema>

export const lifecycleStageSchema = z.enum(['active', 'deleted'])
export type LifecycleStage = z.infer<typeof lifecycleStageSchema>
const lifecycleViewSchema = z.enum(['active', 'deleted', 'all'])
export type LifecycleView = z.infer<typeof lifecycleViewSchema>

export const textMapSchema = z.record(z.string(), z.string())
const timeMsSchema = z.int().nonnegative()

const experimentSchema = z.object({
  /** A whole number as text; `0` is `Default`. */
  id: z.string(),
  name: z.string(),
  artifactLocation: z.string(),
  lifecycleStage: lifecycleStageSchema,
  createdAt: timeMsSchema,
  updatedAt: timeMsSchema,
  tags: textMapSchema,
})
export type Experiment = z.infer<typeof experimentSchema>

/** JSON has no NaN and no infinities: they cross as text. Infinities are stored as ±1.797e308 and come back as that. */
const specialNumber = z.enum(['NaN', 'Infinity', '-Infinity'])
const writtenNumber = z.union([z.number(), specialNumber.transform(Number)])
const readNumber = z.union([z.number(), z.literal('NaN')])

export const metricPointSchema = z.object({
  key: z.string(),
  value: readNumber,
  /** Epoch milliseconds. */
  timestamp: z.int(),
  step: z.int(),
})
export type MetricPoint = z.infer<typeof metricPointSchema>

const newMetricSchema = z.object({
  key: z.string(),
  value: writtenNumber,
  timestamp: timeMsSchema.optional(),
  step: z.int().default(0),
})

const datasetInputSchema = z.object({
  name: z.string().min(1).max(500),
  digest: z.string().min(1).max(128),
  sourceType: z.string().min(1).max(100),
  source: z.string().min(1).max(65_535),
  schema: z.string().max(1_048_575).optional(),
  profile: z.string().max(16_777_215).optional(),
  /** What the run used it for, such as `training`. */
  context: z.string().max(500).optional(),
  tags: textMapSchema.default({}),
})
export type DatasetInput = z.infer<typeof datasetInputSchema>

const modelOutputSchema = z.object({ modelId: z.string().min(1).max(255), step: z.int().default(0) })
export type ModelOutput = z.infer<typeof modelOutputSchema>

const runSchema = z.object({
  id: z.string(),
  name: z.string(),
  experimentId: z.string(),
  status: runStatusSchema,
  user: z.string(),
  startedAt: timeMsSchema.nullable(),
  endedAt: timeMsSchema.nullable(),
  lifecycleStage: lifecycleStageSchema,
  artifactUri: z.string(),
  params: textMapSchema,
  /** The latest point of each metric: highest step, then timestamp, then value. */
  metrics: z.array(metricPointSchema),
  tags: textMapSchema,
  inputs: z.array(datasetInputSchema),
  inputModels: z.array(z.string()),
  outputs: z.array(modelOutputSchema),
})
export type RunDocument = z.infer<typeof runSchema>

export const artifactEntrySchema = z.object({
  path: z.string(),
  isDirectory: z.boolean(),
  /** Of a folder: absent. */
  digest: z.string().optional(),
  sizeBytes: z.int().nonnegative().optional(),
})
export type ArtifactEntry = z.infer<typeof artifactEntrySchema>

const done = z.object({})
const byRun = { runId: z.string().describe('A run id, or the unique beginning of one') }
const byExperiment = { experimentId: z.string() }

export const trackingContract = {
  listExperiments: endpoint({
    method: 'GET',
    path: '/api/v1/experiments',
    summary: 'List experiments, newest first',
    permission: 'read',
    input: z.object({
      ...pageInput,
      view: lifecycleViewSchema.default('active'),
      filter: z.string().optional().describe("Such as \"name LIKE 'flights%' AND tags.team = 'ops'\""),
      orderBy: z
        .string()
        .optional()
        .describe('Such as "last_update_time desc, name"; newest first when left out'),
    }),
    output: pageOf(experimentSchema),
  }),
  createExperiment: endpoint({
    method: 'POST',
    path: '/api/v1/experiments',
    summary: 'Create an experiment',
    permission: 'write',
    input: z.object({
      name: z.string(),
      artifactLocation: z.string().optional(),
      tags: textMapSchema.default({}),
    }),
    output: experimentSchema,
    errors: ['already_exists'],
  }),
  getExperiment: endpoint({
    method: 'GET',
    path: '/api/v1/experiments/:experimentId',
    summary: 'Show an experiment',
    permission: 'read',
    input: z.object(byExperiment),
    output: experimentSchema,
    errors: ['not_found'],
  }),
  updateExperiment: endpoint({
    method: 'PATCH',
    path: '/api/v1/experiments/:experimentId',
    summary: 'Rename an experiment or set its tags',
    permission: 'write',
    input: z.object({ ...byExperiment, name: z.string().optional(), tags: textMapSchema.default({}) }),
    output: experimentSchema,
    errors: ['not_found', 'already_exists', 'conflict'],
  }),
  deleteExperiment: endpoint({
    method: 'DELETE',
    path: '/api/v1/experiments/:experimentId',
    summary: 'Delete an experiment and its runs; they can be restored',
    permission: 'write',
    input: z.object(byExperiment),
    output: done,
    errors: ['not_found', 'conflict'],
  }),
  restoreExperiment: endpoint({
    method: 'POST',
    path: '/api/v1/experiments/:experimentId/restore',
    summary: 'Bring a deleted experiment and its runs back',
    permission: 'write',
    input: z.object(byExperiment),
    output: done,
    errors: ['not_found', 'conflict'],
  }),
  listRuns: endpoint({
    method: 'GET',
    path: '/api/v1/runs',
    summary: 'Search runs',
    permission: 'read',
    input: z.object({
      ...pageInput,
      experimentIds: z.array(z.string()).optional().describe('All active experiments when left out'),
      statuses: z.array(runStatusSchema).optional(),
      tags: textMapSchema.optional().describe('Tags that a run must have'),
      view: lifecycleViewSchema.default('active'),
      filter: z.string().optional().describe('Such as "metrics.roc_auc > 0.7 AND params.model = \'tree\'"'),
      orderBy: z
        .string()
        .optional()
        .describe('Such as "metrics.roc_auc desc, start_time"; newest first when left out'),
    }),
    output: pageOf(runSchema),
  }),
  createRun: endpoint({
    method: 'POST',
    path: '/api/v1/runs',
    summary: 'Start a run',
    permission: 'write',
    input: z.object({
      experimentId: z.string().default('0'),
      name: z.string().optional(),
      user: z.string().optional(),
      startedAt: timeMsSchema.optional(),
      tags: textMapSchema.default({}),
    }),
    output: runSchema,
    errors: ['not_found', 'conflict'],
  }),
  getRun: endpoint({
    method: 'GET',
    path: '/api/v1/runs/:runId',
    summary: 'Show a run',
    permission: 'read',
    input: z.object(byRun),
    output: runSchema,
    errors: ['not_found'],
  }),
  updateRun: endpoint({
    method: 'PATCH',
    path: '/api/v1/runs/:runId',
    summary: 'Rename a run, or set its status and end',
    permission: 'write',
    input: z.object({
      ...byRun,
      name: z.string().optional(),
      status: runStatusSchema.optional(),
      endedAt: timeMsSchema.optional(),
    }),
    output: runSchema,
    errors: ['not_found', 'conflict'],
  }),
  deleteRun: endpoint({
    method: 'DELETE',
    path: '/api/v1/runs/:runId',
    summary: 'Delete a run; it can be restored',
    permission: 'write',
    input: z.object(byRun),
    output: done,
    errors: ['not_found'],
  }),
  restoreRun: endpoint({
    method: 'POST',
    path: '/api/v1/runs/:runId/restore',
    summary: 'Bring a deleted run back',
    permission: 'write',
    input: z.object(byRun),
    output: done,
    errors: ['not_found'],
  }),
  logBatch: endpoint({
    method: 'POST',
    path: '/api/v1/runs/:runId/log',
    summary: 'Log metrics, parameters and tags: all of them or none',
    permission: 'write',
    input: z.object({
      ...byRun,
      metrics: z.array(newMetricSchema).default([]),
      params: textMapSchema.default({}),
      tags: textMapSchema.default({}),
    }),
    output: done,
    errors: ['not_found', 'conflict', 'rate_limited', 'storage_full'],
    audit: 'none',
  }),
  deleteTag: endpoint({
    method: 'DELETE',
    path: '/api/v1/runs/:runId/tags/:key',
    summary: 'Remove a tag from a run',
    permission: 'write',
    input: z.object({ ...byRun, key: z.string() }),
    output: done,
    errors: ['not_found', 'conflict'],
  }),
  logInputs: endpoint({
    method: 'POST',
    path: '/api/v1/runs/:runId/inputs',
    summary: 'Record the datasets that a run used',
    permission: 'write',
    input: z.object({ ...byRun, datasets: z.array(datasetInputSchema).max(1000) }),
    output: done,
    errors: ['not_found', 'conflict'],
  }),
  metricHistory: endpoint({
    method: 'GET',
    path: '/api/v1/runs/:runId/metrics',
    summary: 'Show the points of one metric, by timestamp, step and value',
    permission: 'read',
    input: z.object({
      ...byRun,
      key: z.string(),
      limit: z.int().min(1).max(25_000).default(25_000),
      after: z.string().optional(),
      points: z
        .int()
        .min(2)
        .max(25_000)
        .optional()
        .describe('Only about so many, evenly picked, the last one always'),
    }),
    output: pageOf(metricPointSchema),
    errors: ['not_found'],
  }),
  listArtifacts: endpoint({
    method: 'GET',
    path: '/api/v1/runs/:runId/artifacts',
    summary: 'List the artifacts of a run in one folder',
    permission: 'read',
    input: z.object({ ...byRun, path: z.string().optional() }),
    output: z.object({ items: z.array(artifactEntrySchema) }),
    errors: ['not_found'],
  }),
  readArtifact: {
    ...endpoint({
      method: 'GET',
      path: '/api/v1/runs/:runId/artifact',
      summary: 'Download an artifact',
      permission: 'read',
      input: z.object({ ...byRun, path: z.string() }),
      output: z.any(),
      errors: ['not_found', 'storage_corrupt'],
    }),
    kind: 'download',
  },
  logArtifact: {
    ...endpoint({
      method: 'PUT',
      path: '/api/v1/runs/:runId/artifact',
      summary: 'Upload an artifact; the body is its bytes',
      permission: 'write',
      input: z.object({ ...byRun, path: z.string() }),
      output: artifactEntrySchema,
      errors: ['not_found', 'conflict', 'storage_full'],
    }),
    kind: 'upload',
  },
} as const satisfies Contract
