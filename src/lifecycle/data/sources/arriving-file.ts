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
