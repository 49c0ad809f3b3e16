import type { Digest } from '#platform/blobs/index'
import type { Column } from '../rows/column-type.ts'
import type { LocalPart } from '../rows/relation.ts'
import type { DatasetConfig } from '../section.ts'
import type { ProducedBy, VersionSource } from '../versions/dataset-version.ts'
import type { ArrivingFile } from './arriving-file.ts'
import type { Validators } from './download.ts'

/** What a server said of bytes that were fetched, to ask next time whether there are newer ones. */
export interface Fetched extends Validators {
  readonly url: string
  readonly digest: Digest
}

/** The files that a source has to offer now. */
export interface Collected {
  readonly files: readonly ArrivingFile[]
  readonly source: VersionSource
  /** What the source says is still the same, and was not fetched again. */
  readonly unchanged: readonly { readonly path: string; readonly digest: Digest | undefined }[]
  /** To be kept once the bytes have been judged. */
  readonly downloads: readonly Fetched[]
  /** How far the source has been read; kept with the version, in one transaction. */
  readonly cursor?: SourceCursor | undefined
  /** Quarantines whose rows are offered again. */
  readonly released?: readonly { readonly version: number; readonly digest: Digest }[] | undefined
  /** The step of a pipeline that made them. */
  readonly producedBy?: ProducedBy | undefined
  /** Removes local copies. */
  release(): Promise<void>
}

export interface SourceCursor {
  readonly column: string
  /** As the database writes it. */
  readonly value: string
}

export interface CollectOptions {
  readonly config: DatasetConfig
  /** Absolute paths or patterns that are asked for instead of the source. */
  readonly paths: readonly string[] | undefined
  readonly directory: string
  readonly home: string
  readonly spool: string
  /** What was fetched last, if its bytes are here or were refused by the same rules. */
  lastDownload(url: string): Promise<(Validators & { digest: Digest }) | undefined>
  lastCursor(column: string): Promise<string | undefined>
  /** The rows of the newest version, on this machine. */
  existing(): Promise<
    { readonly columns: readonly Column[]; readonly parts: readonly LocalPart[] } | undefined
  >
  /** Local files with the rows that are in quarantine. */
  quarantined(): Promise<readonly string[]>
  /** A local file with bytes that are stored. */
  localPath(digest: Digest): Promise<string>
}

export const released = async (): Promise<void> => undefined
