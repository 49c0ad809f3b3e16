import { z } from 'zod'
import { modelSignatureSchema } from '#lifecycle/tracking/contract'
import { stages } from './stage.ts'

export const textMapSchema = z.record(z.string(), z.string())
const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 hexadecimal digits')
const timeMsSchema = z.int().nonnegative()

/** The alias that answers, and what `rollback` turns back unless told otherwise. */
export const championAlias = 'champion'

export const modelArtifactSchema = z.object({
  path: z.string().min(1),
  digest: digestSchema,
  sizeBytes: z.int().nonnegative(),
})
export type ModelArtifact = z.infer<typeof modelArtifactSchema>

/** Everything a version was made of, by digest where it has bytes. */
export const lineageSchema = z.object({
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

export const evaluationReferenceSchema = z.object({
  /** Of the report as JSON, in the blob store. */
  reportDigest: digestSchema,
  /** Of what the features and scores looked like, where it is not among the version's artifacts. */
  profileDigest: digestSchema.optional(),
  verdict: verdictSchema,
})
export type EvaluationReference = z.infer<typeof evaluationReferenceSchema>

/** Immutable, but for its description, its tags and the aliases that point to it. */
export const modelVersionSchema = z.object({
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

export const registeredModelSchema = z.object({
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
export const transitionSchema = z.object({
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
export const stageTransitionSchema = z.object({
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
