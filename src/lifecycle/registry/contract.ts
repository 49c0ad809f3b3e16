import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { pageInput, pageOf } from '#contract/page'
import type { EvaluationReport } from '#lifecycle/evaluation/contract'
import { modelSignatureSchema } from '#lifecycle/tracking/contract'
import {
  championAlias,
  evaluationReferenceSchema,
  lineageSchema,
  modelArtifactSchema,
  modelVersionSchema,
  registeredModelSchema,
  stageTransitionSchema,
  textMapSchema,
  traceSchema,
  transitionSchema,
} from './model-version.ts'

export {
  championAlias,
  traceSchema,
  type ModelArtifact,
  type Lineage,
  type Verdict,
  type EvaluationReference,
  type ModelVersion,
  type RegisteredModel,
  type Transition,
  type StageTransition,
  type Trace,
} from './model-version.ts'

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
