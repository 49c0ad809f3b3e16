import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { pageInput, pageOf } from '#contract/page'
import { artifactEntrySchema, lifecycleStageSchema, metricPointSchema, textMapSchema } from './contract.ts'

const loggedModelSchema = z.object({
  /** `m-` and 32 hexadecimal digits. */
  id: z.string(),
  name: z.string(),
  experimentId: z.string(),
  /** The run that made it. */
  runId: z.string().nullable(),
  modelType: z.string().nullable(),
  /** `PENDING` until all its files are there. */
  status: z.enum(['PENDING', 'READY', 'FAILED']),
  statusMessage: z.string().nullable(),
  lifecycleStage: lifecycleStageSchema,
  createdAt: z.int(),
  updatedAt: z.int(),
  artifactUri: z.string(),
  params: textMapSchema,
  tags: textMapSchema,
  metrics: z.array(
    metricPointSchema.extend({
      runId: z.string(),
      datasetName: z.string().nullable(),
      datasetDigest: z.string().nullable(),
    }),
  ),
})
export type LoggedModelDocument = z.infer<typeof loggedModelSchema>

const done = z.object({})
const byModel = { modelId: z.string() }

/** Models as they left training, before anybody names them in the registry. */
export const loggedModelContract = {
  listLoggedModels: endpoint({
    method: 'GET',
    path: '/api/v1/logged-models',
    summary: 'Search the models that runs made',
    permission: 'read',
    input: z.object({
      ...pageInput,
      experimentIds: z.array(z.string()).optional().describe('All active experiments when left out'),
      runId: z.string().optional().describe('Only those that this run made'),
      filter: z.string().optional().describe('Such as "metrics.auc > 0.9 AND params.depth = \'3\'"'),
      orderBy: z.string().optional().describe('Such as "metrics.auc desc"; newest first when left out'),
    }),
    output: pageOf(loggedModelSchema),
  }),
  getLoggedModel: endpoint({
    method: 'GET',
    path: '/api/v1/logged-models/:modelId',
    summary: 'Show a model that a run made, deleted or not',
    permission: 'read',
    input: z.object(byModel),
    output: loggedModelSchema,
    errors: ['not_found'],
  }),
  listLoggedModelArtifacts: endpoint({
    method: 'GET',
    path: '/api/v1/logged-models/:modelId/artifacts',
    summary: 'List the files of a logged model in one folder',
    permission: 'read',
    input: z.object({ ...byModel, path: z.string().optional() }),
    output: z.object({ items: z.array(artifactEntrySchema) }),
    errors: ['not_found'],
  }),
  readLoggedModelArtifact: {
    ...endpoint({
      method: 'GET',
      path: '/api/v1/logged-models/:modelId/artifact',
      summary: 'Download a file of a logged model',
      permission: 'read',
      input: z.object({ ...byModel, path: z.string() }),
      output: z.any(),
      errors: ['not_found', 'storage_corrupt'],
    }),
    kind: 'download',
  },
  deleteLoggedModel: endpoint({
    method: 'DELETE',
    path: '/api/v1/logged-models/:modelId',
    summary: 'Delete a logged model; it can be restored',
    permission: 'write',
    input: z.object(byModel),
    output: done,
    errors: ['not_found'],
  }),
  restoreLoggedModel: endpoint({
    method: 'POST',
    path: '/api/v1/logged-models/:modelId/restore',
    summary: 'Bring a deleted logged model back',
    permission: 'write',
    input: z.object(byModel),
    output: done,
    errors: ['not_found'],
  }),
} as const satisfies Contract
