import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { digestSchema } from '../versions/snapshot.ts'

const count = z.number().int().min(0)
const place = { dataset: z.string(), version: z.int() }

const transferredSchema = z.object({
  ...place,
  otherVersion: z.int().describe('its number on the other side'),
  state: z.enum(['moved', 'known', 'completed']),
  files: count,
  blocks: count.describe('that travelled'),
  bytes: count,
})

const damageSchema = z.object({
  ...place,
  path: z.string().nullable().describe('of the file; null: of what the program keeps about the version'),
  file: digestSchema,
  block: digestSchema,
  reason: z.enum(['missing', 'changed']),
})

const garbageVersion = { ...place, digest: digestSchema, sizeBytes: count, createdAt: z.int() }

export const taskResultSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('transfer'), remote: z.string(), versions: z.array(transferredSchema) }),
  z.object({
    kind: z.literal('verification'),
    versions: count,
    files: count,
    damages: z.array(damageSchema).describe('the first thousand'),
    damaged: count.describe('how many there are in all'),
    repaired: count,
  }),
  z.object({
    kind: z.literal('collection'),
    applied: z.boolean(),
    removed: z.array(z.object(garbageVersion)),
    kept: z
      .array(z.object({ ...garbageVersion, by: z.array(z.string()) }))
      .describe('beyond the retention, and named'),
    restored: z.array(z.object(place)).describe('removed before, and named again'),
    expired: count.describe('removed before, whose bytes are given up now'),
    bytes: z.object({
      held: count,
      removed: count,
      removedBytes: count,
      young: count.describe('named by nobody, and too young to go'),
      youngBytes: count,
    }),
  }),
])
export type TaskResult = z.infer<typeof taskResultSchema>

export const taskProgressSchema = z.object({
  dataset: z.string().optional(),
  version: z.int().optional(),
  blocks: count.optional(),
  ofBlocks: count.optional(),
  bytes: count.optional(),
  ofBytes: count.optional(),
  versions: count.optional(),
  files: count.optional(),
})
export type TaskProgress = z.infer<typeof taskProgressSchema>

export const dataTaskSchema = z.object({
  id: z.string(),
  operation: z.enum(['push', 'pull', 'verify', 'collect']),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  progress: taskProgressSchema,
  result: taskResultSchema.nullable(),
  problem: z
    .object({ code: z.string(), detail: z.string(), hint: z.string().optional(), at: z.string().optional() })
    .nullable(),
})
export type DataTask = z.infer<typeof dataTaskSchema>

const name = z.string().min(1).optional().describe('A dataset; every one when left out')
const number = z.int().min(1)
const remote = z
  .string()
  .min(1)
  .optional()
  .describe('A remote of devmlops.yaml, or its address; the default one when left out')
const renumber = z
  .boolean()
  .default(false)
  .describe('Give a version the next free number where its own is taken')
const longestMs = 100 * 365 * 86_400_000

/** Work on the versions of the store that takes its time: each starts a task, which is asked how far it is. */
export const taskCalls = {
  push: endpoint({
    method: 'POST',
    path: '/api/v1/data/pushes',
    summary: 'Send versions of datasets to a remote',
    permission: 'write',
    input: z.object({ name, version: number.optional(), remote, renumber }),
    output: dataTaskSchema,
    errors: ['not_found', 'invalid_input'],
  }),
  pull: endpoint({
    method: 'POST',
    path: '/api/v1/data/pulls',
    summary:
      'Fetch versions of datasets from a remote, and what is missing or damaged of those that are here',
    permission: 'write',
    input: z.object({
      name,
      version: z
        .union([number, z.literal('latest'), z.literal('all')])
        .optional()
        .describe('What the pointer file names when left out, and the newest where there is none'),
      remote,
      renumber,
      only: z.string().min(1).optional().describe('Only files whose path begins so'),
    }),
    output: dataTaskSchema,
    errors: ['not_found', 'invalid_input'],
  }),
  verify: endpoint({
    method: 'POST',
    path: '/api/v1/data/verifications',
    summary: 'Compute again what the bytes of versions should be',
    permission: 'write',
    input: z.object({
      name,
      version: number.optional(),
      remote: remote.describe('Verify what this remote has, instead of what is here'),
      repair: z.boolean().default(false).describe('Fetch what is missing or damaged'),
      from: remote.describe('Where to fetch it from; the default remote when left out'),
    }),
    output: dataTaskSchema,
    errors: ['not_found', 'invalid_input'],
  }),
  collect: endpoint({
    method: 'POST',
    path: '/api/v1/data/collections',
    summary: 'Take away old versions that nothing names, and bytes that nothing names',
    permission: 'admin',
    input: z.object({
      keep: z.int().min(1).optional().describe('The newest so many of each dataset stay; all when left out'),
      olderThanMs: z.int().min(0).max(longestMs).default(0).describe('Younger versions stay'),
      graceMs: z
        .int()
        .min(0)
        .max(longestMs)
        .default(86_400_000)
        .describe('How long a removed version keeps its bytes and can come back'),
      apply: z.boolean().default(false).describe('False: only tell what would go'),
    }),
    output: dataTaskSchema,
  }),
  task: endpoint({
    method: 'GET',
    path: '/api/v1/data/tasks/:taskId',
    summary: 'How far a push, a pull, a verification or a collection is, and what came of it',
    permission: 'read',
    input: z.object({ taskId: z.string() }),
    output: dataTaskSchema,
    errors: ['not_found'],
  }),
  cancelTask: endpoint({
    method: 'DELETE',
    path: '/api/v1/data/tasks/:taskId',
    summary: 'Stop a push, a pull, a verification or a collection; what it did stays',
    permission: 'write',
    input: z.object({ taskId: z.string() }),
    output: dataTaskSchema,
    errors: ['not_found'],
  }),
} satisfies Contract
