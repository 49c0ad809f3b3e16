import { z } from 'zod'
import { columnSchema } from '../rows/column-type.ts'
import { datasetNameSchema } from '../section.ts'
import { digestSchema, originalSchema, partSchema } from './snapshot.ts'
import { validationSchema } from '../checks/validation.ts'

export const datasetKindSchema = z
  .enum(['table', 'folder'])
  .describe('table: parts that read as rows; folder: files of whatever bytes')
export type DatasetKind = z.infer<typeof datasetKindSchema>

/** Where the parts that a version adds came from. */
const versionSourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('files'), paths: z.array(z.string()) }),
  z.object({
    kind: z.literal('url'),
    url: z.string(),
    etag: z.string().optional(),
    lastModified: z.string().optional(),
  }),
  z.object({ kind: z.literal('folder'), folder: z.string() }),
  z.object({ kind: z.literal('s3'), objects: z.array(z.string()) }),
  z.object({
    kind: z.literal('query'),
    engine: z.enum(['postgres', 'mysql', 'sqlite']),
    database: z.string().describe('a file, or the name of the environment variable with the URL'),
    query: z.string(),
    cursor: z.object({ column: z.string(), value: z.string() }).optional(),
  }),
  z.object({ kind: z.literal('server'), url: z.string(), dataset: z.string(), version: z.int() }),
  z.object({ kind: z.literal('push'), file: z.string() }),
  z.object({ kind: z.literal('quarantine'), versions: z.array(z.int()) }),
])
export type VersionSource = z.infer<typeof versionSourceSchema>

const codeVersionSchema = z.object({
  commit: z.string(),
  dirty: z.boolean().describe('tracked files differ from the commit'),
})
export type CodeVersion = z.infer<typeof codeVersionSchema>

/** What made a version, when it was no person at the command line. */
const producedBySchema = z.object({
  pipeline: z.string(),
  run: z.string(),
  step: z.string(),
})
export type ProducedBy = Readonly<z.infer<typeof producedBySchema>>

/** Where the lists of files of a folder's version are: the digest of the topmost, and the blobs that hold them all. */
export const fileTreeSchema = z.object({ root: digestSchema, packs: z.array(digestSchema) })
export type FileTree = Readonly<z.infer<typeof fileTreeSchema>>

const versionFields = {
  dataset: datasetNameSchema,
  kind: datasetKindSchema.default('table'),
  version: z.int().min(1),
  digest: digestSchema.describe('of the parts and columns: the same content has the same digest'),
  rows: z.int(),
  sizeBytes: z.int(),
  partCount: z.int(),
  files: z.int().default(0).describe('of a table: its parts'),
  parent: z.int().nullable().describe('the version that this one was made from'),
  outcome: z.enum(['pass', 'warn', 'fail']).describe('of its validation'),
  quarantined: z.int().default(0).describe('rows that were kept out of it, each with its reason'),
  createdAt: z.int().describe('epoch milliseconds'),
  createdBy: z.string(),
}

export const versionSummarySchema = z.object(versionFields)
export type VersionSummary = Readonly<z.infer<typeof versionSummarySchema>>

export function summaryOf(version: VersionSummary): VersionSummary {
  return versionSummarySchema.parse(version)
}

/** A version of a dataset. It never changes. */
export const datasetVersionSchema = z.object({
  ...versionFields,
  columns: z.array(columnSchema),
  parts: z.array(partSchema),
  originals: z
    .array(originalSchema)
    .default([])
    .describe('files as they came, where the parts are what was made of them'),
  tree: fileTreeSchema.nullable().default(null).describe('of a folder: where its lists of files are'),
  source: versionSourceSchema,
  validation: validationSchema.describe('of the parts that it adds'),
  profileDigest: digestSchema,
  code: codeVersionSchema.nullable().describe('the commit of the project when it was made'),
  producedBy: producedBySchema.nullable().default(null).describe('the step of a pipeline that made it'),
})
export type DatasetVersion = Readonly<z.infer<typeof datasetVersionSchema>>

/** Files that were refused. Nothing of them is kept but this. */
export const rejectionSchema = z.object({
  id: z.string(),
  dataset: datasetNameSchema,
  files: z.array(z.object({ path: z.string(), digest: digestSchema, sizeBytes: z.int() })),
  code: z.enum(['validation_failed', 'unreadable_data']),
  message: z.string(),
  hint: z.string().optional(),
  validation: validationSchema.nullable(),
  times: z.int().describe('how often the same bytes were offered'),
  createdAt: z.int(),
  createdBy: z.string(),
})
export type Rejection = Readonly<z.infer<typeof rejectionSchema>>

export const datasetSummarySchema = z.object({
  name: datasetNameSchema,
  description: z.string().optional(),
  declared: z.boolean().describe('the project file has it'),
  versions: z.int(),
  rejections: z.int(),
  latest: versionSummarySchema.nullable(),
  lastRejection: rejectionSchema
    .nullable()
    .describe('the newest one that is younger than the latest version'),
})
export type DatasetSummary = Readonly<z.infer<typeof datasetSummarySchema>>

export const arrivalSchema = z.object({
  paths: z.array(z.string()),
  state: z.enum(['accepted', 'known', 'rejected']).describe('known: the version has these bytes already'),
  rows: z.int().optional(),
  validation: validationSchema.optional(),
  rejection: rejectionSchema.optional(),
})
export type Arrival = Readonly<z.infer<typeof arrivalSchema>>

export const fileChangesSchema = z.object({ added: z.int(), modified: z.int(), deleted: z.int() })
export type FileChanges = Readonly<z.infer<typeof fileChangesSchema>>

export const addResultSchema = z.object({
  dataset: datasetNameSchema,
  version: versionSummarySchema.nullable().describe('the newest version now; null when there is none yet'),
  created: z.boolean().describe('the version is new'),
  changes: fileChangesSchema.optional().describe('of a folder: how its files differ from the version before'),
  arrivals: z.array(arrivalSchema),
  notices: z.array(z.string()).optional().describe('columns that look personal and have no class'),
  durationMs: z.number(),
})
export type AddResult = Readonly<z.infer<typeof addResultSchema>>
