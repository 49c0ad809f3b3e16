import { z } from 'zod'
import { fail } from '#contract/errors'
import { digestOf, type Digest } from '#platform/blobs/index'
import { datasetVersionSchema, type DatasetVersion } from '../versions/dataset-version.ts'
import { digestSchema } from '../versions/snapshot.ts'

/** A version as a remote keeps it: a small document that names the bytes by their digests. */
const versionDocumentSchema = z.object({
  format: z.literal(1),
  version: datasetVersionSchema,
  /** Of the version that this one was made from: its number may be another one elsewhere. */
  parentDigest: digestSchema.nullable(),
  /** Blobs that belong to it, besides those of its files: profile, lists of files. */
  blobs: z.array(digestSchema),
  /** The blob that says which files it has and where in which blocks they are. */
  layouts: digestSchema,
})
export type VersionDocument = Readonly<z.infer<typeof versionDocumentSchema>>

/** As it lies in a folder or a bucket, where a flipped bit must be found: the digests cover the bytes, not the rest. */
export function documentText(document: VersionDocument): string {
  return `${JSON.stringify({ checksum: checksumOf(document), document })}\n`
}

/** @throws storage_corrupt for what is no document of a version, or not the one that was written. */
export function readDocument(text: string, where: string): VersionDocument {
  let value: { readonly checksum?: unknown; readonly document?: unknown } | null
  try {
    value = JSON.parse(text) as typeof value
  } catch (error) {
    return unreadable(where, 'it is no JSON', error)
  }
  const document = parseDocument(value?.document, where)
  return value?.checksum === checksumOf(value?.document)
    ? document
    : unreadable(where, 'it has changed since it was written', undefined)
}

function checksumOf(document: unknown): Digest {
  return digestOf(new TextEncoder().encode(JSON.stringify(document)))
}

/** @throws storage_corrupt for what is no document of a version. */
export function parseDocument(value: unknown, where: string): VersionDocument {
  const format = (value as { format?: unknown } | null | undefined)?.format
  if (typeof format === 'number' && format > 1) {
    return unreadable(where, `its form ${format} is newer than this program`, undefined)
  }
  const parsed = versionDocumentSchema.safeParse(value)
  if (!parsed.success) return unreadable(where, parsed.error.issues[0]?.message ?? 'unknown', parsed.error)
  for (const { name, sqlType } of parsed.data.version.columns) {
    if (!isTypeName(sqlType)) unreadable(where, `column ${JSON.stringify(name)} has no type`, undefined)
  }
  return parsed.data
}

export type VersionIdentity = Pick<DatasetVersion, 'digest' | 'createdAt' | 'createdBy'>

/** Whether two are one version, whatever numbers they have here and there: the same content may be made twice. */
export function identityOf({ digest, createdAt, createdBy }: VersionIdentity): string {
  return `${digest} ${createdAt} ${createdBy}`
}

/** The type is part of SQL, so it must be one, wherever the document comes from. */
function isTypeName(text: string): boolean {
  const plain = text.replaceAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, 'quoted')
  if (!/^[A-Za-z][A-Za-z0-9_ ,()[\]]*$/.test(plain)) return false
  let depth = 0
  for (const character of plain) {
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (depth < 0 || (depth === 0 && character === ',')) return false
  }
  return depth === 0
}

function unreadable(where: string, why: string, cause: unknown): never {
  return fail('storage_corrupt', `${where} is no version of a dataset: ${why}.`, {
    hint: 'Push the version to a new place from where it is whole, or restore the place from a copy.',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Every blob that has to be where the document is, but for the blocks of the files. */
export function documentBlobs({ blobs, layouts }: VersionDocument): Digest[] {
  return [layouts, ...blobs]
}
