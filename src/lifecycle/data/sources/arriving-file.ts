import type { DevmlopsError } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import type { ColumnType } from '../rows/column-type.ts'
import type { FileFacts } from './inspect-file.ts'
import type { Format } from '../section.ts'

/** A file that wants to become part of a dataset. */
export interface ArrivingFile {
  readonly name: string
  readonly path: string
  readonly format: Format
  readonly compressed: boolean
  readonly facts: FileFacts
  /** The files as they came, where `path` is what was made of them to be read: both are kept. */
  readonly originals?: readonly OriginalFile[] | undefined
  /** Why it has no rows that could be read. */
  readonly unreadable?: DevmlopsError | undefined
  /** What was noticed before its rows were read. */
  readonly warnings?: readonly string[] | undefined
}

export interface OriginalFile {
  readonly name: string
  readonly path: string
  readonly digest: Digest
  readonly sizeBytes: number
}

/** The digest by which a file is known when it comes again. */
export function offeredDigest({ originals, facts }: ArrivingFile): Digest {
  return originals?.[0]?.digest ?? facts.digest
}

/** Values that are not of the type that was expected. */
export interface TypeMismatch {
  readonly file: string
  readonly column: string
  readonly expected: ColumnType
  readonly found: ColumnType
  /** Undefined where the file itself declares another type. */
  readonly unexpected: number | undefined
  readonly samples: readonly { readonly row: number; readonly value: string }[]
}
