import type { ByteRange, Digest, StoredBlob } from '#platform/blobs/index'
import type { VersionDocument } from './version-document.ts'

/** What another place has of a dataset: a number and what it stands for. */
export interface VersionPlace {
  readonly dataset: string
  readonly version: number
}

/** A place that holds versions of datasets and their bytes. */
export interface Remote {
  /** How it is called in messages; never with a secret. */
  readonly name: string
  datasets(): Promise<string[]>
  /** The numbers of the versions of a dataset, ascending. */
  versions(dataset: string): Promise<number[]>
  document(place: VersionPlace): Promise<VersionDocument | undefined>
  /** The bytes as they come, not verified; undefined when they are not there. They belong to that version. */
  read(digest: Digest, place: VersionPlace, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Undefined: nothing can be sent there. */
  readonly writing?: RemoteWriting
}

export interface RemoteWriting {
  has(digest: Digest): Promise<boolean>
  /**
   * Sends a file that has this digest; whole or not at all. What `onSent` throws ends it.
   *
   * @throws storage_corrupt when the file has another digest.
   */
  send(blob: StoredBlob, path: string, onSent: (bytes: number) => void): Promise<void>
  /** Writes down a version, after its bytes. False, and nothing changes, when the number is taken. */
  addDocument(document: VersionDocument): Promise<boolean>
}
