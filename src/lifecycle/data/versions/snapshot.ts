import { z } from 'zod'
import { isDigest, type Digest } from '#platform/blobs/blob-store'
import type { Column } from '../rows/column-type.ts'

export const digestSchema = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'sha256: and 64 hexadecimal digits',
)

/** How the bytes of a part become rows. Kept with the part, so that a version reads the same for ever. */
const readingSchema = z.discriminatedUnion('format', [
  z.object({ format: z.literal('parquet') }),
  z.object({
    format: z.literal('csv'),
    delimiter: z.string(),
    nulls: z.array(z.string()),
    strict: z.boolean().describe('false: rows that RFC 4180 forbids are read too, such as mixed line ends'),
    compressed: z.boolean(),
    columns: z.array(z.string()).describe('in the order of the file'),
  }),
  z.object({
    format: z.literal('json'),
    layout: z.enum(['array', 'newline_delimited']),
    compressed: z.boolean(),
    columns: z.array(z.string()),
  }),
])
export type Reading = z.infer<typeof readingSchema>

/** One file of a version: the user's bytes, unchanged. */
export const partSchema = z.object({
  path: z.string().describe('where it came from: relative to the project, absolute, or a URL'),
  digest: digestSchema,
  sizeBytes: z.int().min(0),
  rows: z.int().min(0),
  reading: readingSchema,
  from: z
    .array(digestSchema)
    .optional()
    .describe('the originals that its rows are from, where it is not the file as it came'),
})
export type Part = Readonly<z.infer<typeof partSchema>>

/** A file as it came, where its rows are kept in another form. */
export const originalSchema = z.object({
  path: z.string(),
  digest: digestSchema,
  sizeBytes: z.int().min(0),
})
export type Original = Readonly<z.infer<typeof originalSchema>>

/** What a version is: an ordered list of parts and the columns they have in common. */
export interface Manifest {
  readonly columns: readonly Column[]
  readonly parts: readonly Part[]
}
