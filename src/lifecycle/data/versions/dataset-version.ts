import { z } from 'zod'
import { columnSchema } from '../rows/column-type.ts'
import { datasetNameSchema } from '../section.ts'
import { digestSchema, partSchema } from './snapshot.ts'
import { validationSchema } from '../checks/validation.ts'

/** Where the parts that a version adds came from. */
const versionSourceSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('files'), paths: z.array(z.string()) }),
  z.object({
    kind: z.literal('url'),
    url: z.string(),
    etag: z.string().optional(),
    lastModified: z.string().optional(),
  }),
])
export type VersionSource = z.infer<typeof versionSourceSchema>

const codeVersionSchema = z.object({
  commit: z.string(),
  dirty: z.boolean().describe('tracked files differ from the commit'),
})
export type CodeVersion = z.infer<typeof codeVersionSchema>

const versionFields = {
  dataset: datasetNameSchema,
  version: z.int().min(1),
  digest: digestSchema.describe('of the parts and columns: the same content has the same digest'),
  rows: z.int(),
  sizeBytes: z.int(),
  partCount: z.int(),
  parent: z.int().nullable().describe('the version that this one was made from'),
  outcome: z.enum(['pass', 'warn', 'fail']).describe('of its validation'),
  createdAt: z.int().describe('epoch milliseconds'),
  createdBy: z.string(),
}

export const versionSummarySchema = z.object(versionFields)
export type VersionSummary = Readonly<z.infer<typeof versionSummarySchema>>

/** A version of a dataset. It never changes. */
export const datasetVersionSchema = z.object({
  ...versionFields,
  columns: z.array(columnSchema),
  parts: z.array(partSchema),
  source: versionSourceSchema,
  validation: validationSchema.describe('of the parts that it adds'),
  profileDigest: digestSchema,
  code: codeVersionSchema.nullable().describe('the commit of the project when it was made'),
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

export const addResultSchema = z.object({
  dataset: datasetNameSchema,
  version: versionSummarySchema.nullable().describe('the newest version now; null when there is none yet'),
  created: z.boolean().describe('the version is new'),
  arrivals: z.array(arrivalSchema),
  durationMs: z.number(),
})
export type AddResult = Readonly<z.infer<typeof addResultSchema>>
