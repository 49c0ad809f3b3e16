import type { Platform } from '#platform/platform'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { VersionPlace } from './remote.ts'
import type { VersionRows } from './version-rows.ts'

/** What moving and checking versions needs of the house. */
export interface RemoteTools {
  readonly platform: Pick<Platform, 'blobs' | 'files' | 'events' | 'clock'>
  readonly rows: VersionRows
  readonly version: (place: VersionPlace) => Promise<DatasetVersion | undefined>
}

/** How far a push or a pull is. */
export interface TransferProgress {
  readonly dataset: string
  readonly version: number
  readonly blocks: number
  readonly ofBlocks: number
  readonly bytes: number
  readonly ofBytes: number
}

export interface TransferOptions {
  readonly signal: AbortSignal
  readonly report: (progress: TransferProgress) => void
  /** Who does it. */
  readonly actor: string
  /** Give a version the next free number where its own is taken by another version. */
  readonly renumber: boolean
}

/** What became of a version. */
export interface Transferred {
  readonly dataset: string
  readonly version: number
  /** Its number on the other side; the same, unless it was given another one. */
  readonly otherVersion: number
  readonly state: 'moved' | 'known' | 'completed'
  readonly files: number
  readonly blocks: number
  /** That travelled. */
  readonly bytes: number
}
