import * as z from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { pageInput, pageOf } from '#contract/page'

const runStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
export type RunState = (typeof runStates)[number]

const stepStates = ['pending', 'running', 'succeeded', 'cached', 'failed', 'skipped', 'cancelled'] as const
export type StepState = (typeof stepStates)[number]

export const parameterValueSchema = z.union([z.string(), z.number(), z.boolean()])
export type ParameterValue = z.infer<typeof parameterValueSchema>
export type Parameters = Readonly<Record<string, ParameterValue>>

const outputKinds = ['table', 'file', 'directory', 'json'] as const
export type OutputKind = (typeof outputKinds)[number]

/** What a step made: immutable bytes in the blob store, found by their digest. */
const stepOutputSchema = z.object({
  name: z.string(),
  kind: z.enum(outputKinds),
  digest: z.string(),
  sizeBytes: z.number(),
  rows: z.number().optional().describe('Of a table'),
  fileName: z.string().optional().describe('What a file was called when the step wrote it'),
})
export type StepOutput = z.infer<typeof stepOutputSchema>

const stepInputRecordSchema = z.object({
  name: z.string(),
  reference: z.string().describe('As in devmlops.yaml: data.flights, prepare.training, file:notes'),
  label: z.string().describe('What it stood for in this run: flights@3'),
  digest: z.string(),
})
export type StepInputRecord = z.infer<typeof stepInputRecordSchema>

const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  lastLines: z.array(z.string()).optional().describe('The end of what the step printed'),
})
export type Failure = z.infer<typeof failureSchema>

const progressSchema = z.object({ fraction: z.number().optional(), text: z.string() })
export type Progress = z.infer<typeof progressSchema>

const triggerSchema = z.object({
  kind: z.enum(['manual', 'alert', 'data', 'schedule']),
  reason: z.string().max(2000).optional(),
})
export type Trigger = z.infer<typeof triggerSchema>

const codeVersionSchema = z.object({
  commit: z.string(),
  dirty: z.boolean().describe('The project had changes that no commit holds'),
})
export type CodeVersion = z.infer<typeof codeVersionSchema>

const stepRunSchema = z.object({
  id: z.string(),
  step: z.string(),
  kind: z.string(),
  needs: z.array(z.string()).describe('Steps that must be finished before it'),
  state: z.enum(stepStates),
  attempt: z.number(),
  reasons: z.array(z.string()).describe('Why it ran, or why it did not'),
  cacheKey: z.string().optional(),
  cachedFrom: z.string().optional().describe('The pipeline run that made the outputs'),
  inputs: z.array(stepInputRecordSchema),
  outputs: z.array(stepOutputSchema),
  failure: failureSchema.optional(),
  startedAt: z.number().optional(),
  finishedAt: z.number().optional(),
  progress: progressSchema.optional(),
  logTail: z.array(z.string()).optional().describe('The last lines, while it runs'),
})
export type StepRunView = z.infer<typeof stepRunSchema>

const pipelineRunSchema = z.object({
  id: z.string(),
  pipeline: z.string(),
  state: z.enum(runStates),
  actor: z.string(),
  trigger: triggerSchema,
  parameters: z.record(z.string(), parameterValueSchema),
  datasets: z.record(z.string(), z.string()).describe('Dataset versions, fixed when the run was started'),
  code: codeVersionSchema.optional(),
  failure: failureSchema.optional(),
  createdAt: z.number(),
  startedAt: z.number().optional(),
  finishedAt: z.number().optional(),
})
export type PipelineRunView = z.infer<typeof pipelineRunSchema>

const pipelineRunDetailSchema = pipelineRunSchema.extend({
  revision: z.number().describe('Grows with every change; send it back to wait for the next one'),
  steps: z.array(stepRunSchema),
})
export type PipelineRunDetail = z.infer<typeof pipelineRunDetailSchema>

const plannedStepSchema = z.object({
  step: z.string(),
  kind: z.string(),
  needs: z.array(z.string()),
  action: z
    .enum(['run', 'cached', 'decided-later'])
    .describe('decided-later: a step before it runs, and what that makes decides'),
  reasons: z.array(z.string()),
})
export type PlannedStep = z.infer<typeof plannedStepSchema>

const pipelineSchema = z.object({
  name: z.string(),
  parameters: z.record(z.string(), parameterValueSchema),
  steps: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      needs: z.array(z.string()),
      inputs: z.record(z.string(), z.string()),
      outputs: z.array(z.string()),
    }),
  ),
  lastRun: pipelineRunSchema.optional(),
})

const selection = {
  pipeline: z.string(),
  parameters: z.record(z.string(), parameterValueSchema).default({}),
  force: z
    .union([z.boolean(), z.array(z.string())])
    .default(false)
    .describe('true: run every step although nothing changed; or the steps to run'),
  only: z.array(z.string()).default([]).describe('These steps and what they need; nothing else'),
  from: z.string().optional().describe('Run this step and all that follow it, although nothing changed'),
}

const runId = z.string().describe('The id of a run, or "latest"')

export const pipelinesContract = {
  list: endpoint({
    method: 'GET',
    path: '/api/v1/pipelines',
    summary: 'The pipelines of the project, with their steps and their last run',
    permission: 'read',
    input: z.object({}),
    output: z.object({ items: z.array(pipelineSchema) }),
    errors: ['invalid_project'],
  }),
  plan: endpoint({
    method: 'POST',
    path: '/api/v1/pipelines/:pipeline/plan',
    summary: 'What a run would do, step by step, and why',
    permission: 'read',
    input: z.object(selection),
    output: z.object({ pipeline: z.string(), steps: z.array(plannedStepSchema) }),
    errors: ['invalid_project', 'not_found', 'invalid_input'],
  }),
  start: endpoint({
    method: 'POST',
    path: '/api/v1/pipelines/:pipeline/runs',
    summary: 'Start a run; answers a finished one when every step is cached',
    permission: 'operate',
    input: z.object({ ...selection, trigger: triggerSchema.default({ kind: 'manual' }) }),
    output: pipelineRunDetailSchema,
    errors: ['invalid_project', 'not_found', 'invalid_input'],
  }),
  runs: endpoint({
    method: 'GET',
    path: '/api/v1/pipeline-runs',
    summary: 'Runs of pipelines, newest first',
    permission: 'read',
    input: z.object({
      ...pageInput,
      pipeline: z.string().optional(),
      state: z.enum(runStates).optional(),
    }),
    output: pageOf(pipelineRunSchema),
  }),
  run: endpoint({
    method: 'GET',
    path: '/api/v1/pipeline-runs/:runId',
    summary: 'One run with its steps; can wait for the next change',
    permission: 'read',
    input: z.object({
      runId,
      sinceRevision: z.number().int().optional().describe('Answer when the run has changed since'),
      waitMs: z.number().int().min(0).max(30_000).default(0).describe('How long to wait for that'),
    }),
    output: pipelineRunDetailSchema,
    errors: ['not_found'],
  }),
  cancel: endpoint({
    method: 'POST',
    path: '/api/v1/pipeline-runs/:runId/cancel',
    summary: 'Stop a run; what is finished stays',
    permission: 'operate',
    input: z.object({ runId }),
    output: pipelineRunDetailSchema,
    errors: ['not_found', 'conflict'],
  }),
  stepLog: endpoint({
    method: 'GET',
    path: '/api/v1/pipeline-runs/:runId/steps/:step/log',
    summary: 'What a step printed',
    permission: 'read',
    kind: 'download',
    input: z.object({
      runId,
      step: z.string(),
      attempt: z.number().int().min(1).optional().describe('The last one when left out'),
    }),
    output: z.unknown(),
    errors: ['not_found'],
  }),
  output: endpoint({
    method: 'GET',
    path: '/api/v1/pipeline-runs/:runId/steps/:step/outputs/:output',
    summary: 'What a step made: Parquet, a file, JSON, or the list of a folder',
    permission: 'read',
    kind: 'download',
    input: z.object({ runId, step: z.string(), output: z.string() }),
    output: z.unknown(),
    errors: ['not_found'],
  }),
} satisfies Contract
