import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { pageInput, pageOf } from '#contract/page'
import type { EvaluationReport } from '#lifecycle/evaluation/contract'
import { modelSignatureSchema } from '#lifecycle/tracking/contract'
import { stages } from './stage.ts'

const textMapSchema = z.record(z.string(), z.string())
const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hexadecimal digits')
const timeMsSchema = z.int().nonnegative()

/** The alias that answers, and what `rollback` turns back unless told otherwise. */
export const championAlias = 'champion'

const modelArtifactSchema = z.object({
  path: z.string().min(1),
  digest: digestSchema,
  sizeBytes: z.int().nonnegative(),
})
export type ModelArtifact = z.infer<typeof modelArtifactSchema>

/** Everything a version was made of, by digest where it has bytes. */
const lineageSchema = z.object({
  datasets: z
    .array(
      z.object({
        name: z.string(),
        version: z.string(),
        digest: z.string(),
        /** What it was used for, such as `training`. */
        role: z.string().optional(),
      }),
    )
    .default([]),
  parameters: textMapSchema.default({}),
  code: z
    .object({
      commit: z.string().nullable(),
      /** Files differed from the commit. */
      dirty: z.boolean(),
      repository: z.string().optional(),
    })
    .optional(),
  pipeline: z.object({ name: z.string(), runId: z.string(), step: z.string().optional() }).optional(),
  /** Versions of what it ran on, such as `node`. */
  environment: textMapSchema.default({}),
})
export type Lineage = z.infer<typeof lineageSchema>

const verdictSchema = z.enum(['passed', 'failed', 'no_gates'])
export type Verdict = z.infer<typeof verdictSchema>

const evaluationReferenceSchema = z.object({
  /** Of the report as JSON, in the blob store. */
  reportDigest: digestSchema,
  /** Of what the features and scores looked like, where it is not among the version's artifacts. */
  profileDigest: digestSchema.optional(),
  verdict: verdictSchema,
})
export type EvaluationReference = z.infer<typeof evaluationReferenceSchema>

/** Immutable, but for its description, its tags and the aliases that point to it. */
const modelVersionSchema = z.object({
  model: z.string(),
  /** 1, 2, 3…; never used twice. */
  version: z.int().positive(),
  createdAt: timeMsSchema,
  createdBy: z.string(),
  /** The tracking run that made it. */
  runId: z.string().nullable(),
  artifacts: z.array(modelArtifactSchema),
  signature: modelSignatureSchema.nullable(),
  lineage: lineageSchema,
  /** Null: nobody evaluated it here. */
  evaluation: evaluationReferenceSchema.nullable(),
  /** The model card, Markdown. */
  card: z.string(),
  description: z.string(),
  tags: textMapSchema,
  aliases: z.array(z.string()),
  /** When its description or its stage changed last. */
  updatedAt: timeMsSchema,
  stage: z.enum(stages),
  /** Where an MLflow client said that the files are; null for a version that came with its files. */
  source: z.string().nullable(),
  /** Where the run can be seen, when another server has it. */
  runLink: z.string().nullable(),
  /** The logged model that it was made from. */
  modelId: z.string().nullable(),
  /** How the model can be loaded, from its `MLmodel` file: `sklearn`, `onnx`, `python_function`. */
  flavors: z.array(z.string()),
})
export type ModelVersion = z.infer<typeof modelVersionSchema>

const registeredModelSchema = z.object({
  name: z.string(),
  description: z.string(),
  createdAt: timeMsSchema,
  createdBy: z.string(),
  updatedAt: timeMsSchema,
  /** Null before the first version. */
  latestVersion: z.int().positive().nullable(),
  tags: textMapSchema,
  /** Version by alias. */
  aliases: z.record(z.string(), z.int().positive()),
})
export type RegisteredModel = z.infer<typeof registeredModelSchema>

/** One move of an alias. Written once, never changed. */
const transitionSchema = z.object({
  sequence: z.int(),
  model: z.string(),
  alias: z.string(),
  kind: z.enum(['set', 'rollback', 'removed']),
  fromVersion: z.int().positive().nullable(),
  toVersion: z.int().positive().nullable(),
  actor: z.string(),
  time: timeMsSchema,
  reason: z.string(),
  /** Done although the gates of the version had failed. */
  forced: z.boolean(),
})
export type Transition = z.infer<typeof transitionSchema>

/** One move of a version between stages. Written once, never changed. */
const stageTransitionSchema = z.object({
  version: z.int().positive(),
  from: z.enum(stages),
  to: z.enum(stages),
  actor: z.string(),
  time: timeMsSchema,
})
export type StageTransition = z.infer<typeof stageTransitionSchema>

export const traceSchema = z.object({
  version: modelVersionSchema,
  /** The run that made it, as it is now; null when there is none. */
  run: z
    .object({
      id: z.string(),
      name: z.string(),
      experimentId: z.string(),
      user: z.string(),
      status: z.string(),
      startedAt: timeMsSchema.nullable(),
      endedAt: timeMsSchema.nullable(),
      params: textMapSchema,
      metrics: z.record(z.string(), z.union([z.number(), z.literal('NaN')])),
    })
    .nullable(),
  /** Every move of an alias to or from this version. */
  transitions: z.array(transitionSchema),
  /** Every move of this version between stages. */
  stages: z.array(stageTransitionSchema),
})
export type Trace = z.infer<typeof traceSchema>

const byModel = { model: z.string() }
const byVersion = {
  ...byModel,
  reference: z.string().describe('A version number, an alias, or `latest`'),
}
const reason = z.string().max(2000).optional().describe('Why, for the record')
const force = z.boolean().default(false).describe('Although its gates failed; needs a reason')
const aliasMoved = z.object({
  transition: transitionSchema.nullable().describe('Null: it was there already'),
})

export const registryContract = {
  list: endpoint({
    method: 'GET',
    path: '/api/v1/models',
    summary: 'List registered models by name',
    permission: 'read',
    input: z.object(pageInput),
    output: pageOf(registeredModelSchema),
  }),
  get: endpoint({
    method: 'GET',
    path: '/api/v1/models/:model',
    summary: 'Show a model with its versions, newest first, and the moves of its aliases',
    permission: 'read',
    input: z.object({ ...byModel, limit: pageInput.limit }),
    output: z.object({
      model: registeredModelSchema,
      versions: z.array(modelVersionSchema),
      transitions: z.array(transitionSchema),
      stages: z.array(stageTransitionSchema),
    }),
    errors: ['not_found'],
  }),
  rename: endpoint({
    method: 'POST',
    path: '/api/v1/models/:model/rename',
    summary: 'Rename a model; its versions, aliases and history go with it',
    permission: 'operate',
    input: z.object({ ...byModel, to: z.string() }),
    output: registeredModelSchema,
    errors: ['not_found', 'already_exists'],
  }),
  remove: endpoint({
    method: 'DELETE',
    path: '/api/v1/models/:model',
    summary: 'Delete a model with all its versions; refused while a deployment answers with one',
    permission: 'operate',
    input: z.object(byModel),
    output: z.object({}),
    errors: ['not_found', 'conflict'],
  }),
  update: endpoint({
    method: 'PATCH',
    path: '/api/v1/models/:model',
    summary: 'Describe or tag a model',
    permission: 'write',
    input: z.object({ ...byModel, description: z.string().optional(), tags: textMapSchema.default({}) }),
    output: registeredModelSchema,
    errors: ['not_found'],
  }),
  register: endpoint({
    method: 'POST',
    path: '/api/v1/models/:model/versions',
    summary: 'Register a version; the same run again answers the version that it made',
    permission: 'write',
    input: z.object({
      ...byModel,
      runId: z.string().optional(),
      artifacts: z.array(modelArtifactSchema).min(1),
      signature: modelSignatureSchema.optional(),
      lineage: lineageSchema.prefault({}),
      evaluation: evaluationReferenceSchema.optional(),
      card: z.string().max(1_000_000).default(''),
      description: z.string().default(''),
      tags: textMapSchema.default({}),
    }),
    output: modelVersionSchema,
    errors: ['not_found'],
  }),
  version: endpoint({
    method: 'GET',
    path: '/api/v1/models/:model/versions/:reference',
    summary: 'Show a version',
    permission: 'read',
    input: z.object(byVersion),
    output: modelVersionSchema,
    errors: ['not_found'],
  }),
  updateVersion: endpoint({
    method: 'PATCH',
    path: '/api/v1/models/:model/versions/:reference',
    summary: 'Describe or tag a version',
    permission: 'write',
    input: z.object({ ...byVersion, description: z.string().optional(), tags: textMapSchema.default({}) }),
    output: modelVersionSchema,
    errors: ['not_found'],
  }),
  removeVersion: endpoint({
    method: 'DELETE',
    path: '/api/v1/models/:model/versions/:reference',
    summary: 'Delete a version; its number is not used again. Refused while a deployment answers with it',
    permission: 'operate',
    input: z.object(byVersion),
    output: z.object({}),
    errors: ['not_found', 'conflict'],
  }),
  report: endpoint({
    method: 'GET',
    path: '/api/v1/models/:model/versions/:reference/report',
    summary: "Show a version's evaluation report; null when nobody evaluated it",
    permission: 'read',
    input: z.object(byVersion),
    output: z.object({ report: z.custom<EvaluationReport>().nullable() }),
    errors: ['not_found', 'storage_corrupt'],
  }),
  trace: endpoint({
    method: 'GET',
    path: '/api/v1/models/:model/versions/:reference/trace',
    summary: 'Trace a version to its run, data, parameters, code and environment',
    permission: 'read',
    input: z.object(byVersion),
    output: traceSchema,
    errors: ['not_found'],
  }),
  file: {
    ...endpoint({
      method: 'GET',
      path: '/api/v1/models/:model/versions/:reference/file',
      summary: "Download one of a version's artifacts",
      permission: 'read',
      input: z.object({ ...byVersion, path: z.string() }),
      output: z.any(),
      errors: ['not_found', 'storage_corrupt'],
    }),
    kind: 'download',
  },
  promote: endpoint({
    method: 'PUT',
    path: '/api/v1/models/:model/aliases/:alias',
    summary: 'Point an alias to a version',
    permission: 'operate',
    input: z.object({ ...byModel, alias: z.string(), version: z.int().positive(), reason, force }),
    output: aliasMoved,
    errors: ['not_found', 'gate_failed'],
  }),
  rollback: endpoint({
    method: 'POST',
    path: '/api/v1/models/:model/rollback',
    summary: 'Point an alias back to the version before',
    permission: 'operate',
    input: z.object({ ...byModel, alias: z.string().default(championAlias), reason, force }),
    output: z.object({ transition: transitionSchema }),
    errors: ['not_found', 'conflict', 'gate_failed'],
  }),
  removeAlias: endpoint({
    method: 'DELETE',
    path: '/api/v1/models/:model/aliases/:alias',
    summary: 'Remove an alias',
    permission: 'operate',
    input: z.object({ ...byModel, alias: z.string(), reason }),
    output: aliasMoved,
    errors: ['not_found'],
  }),
} as const satisfies Contract
