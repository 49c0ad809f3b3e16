import type { Digest } from '../blobs/index.ts'

export interface StoredFile {
  /** SHA-256 of the bytes of the file, whatever the form in which they are kept. */
  readonly digest: Digest
  readonly sizeBytes: number
}

/** A file to be stored. The path is absolute and names a regular file. */
export interface FileToStore {
  readonly path: string
  /** What the user calls it; errors say this name. */
  readonly name: string
}

/**
 * A piece of a file: bytes `offset` to `offset + storedBytes` of a block, which unpack to `sizeBytes` bytes whose SHA-256
 * is `chunk`.
 */
export interface Segment {
  readonly chunk: Digest
  readonly sizeBytes: number
  readonly block: Digest
  readonly offset: number
  readonly storedBytes: number
  readonly encoding: 'plain' | 'zstd'
}

/** Where the bytes of a file are: its segments in order. What a remote needs besides the blocks. */
export interface FileLayout extends StoredFile {
  readonly segments: readonly Segment[]
}

export interface StoreProgress {
  readonly files: number
  readonly bytes: number
  /** Bytes that were not known and had to be written, after compression. */
  readonly newBytes: number
}

export interface Damage {
  /** The file whose bytes are at fault. */
  readonly file: Digest
  readonly block: Digest
  readonly reason: 'missing' | 'changed'
}

/**
 * Files by the digest of their bytes. Underneath, files are cut into chunks by their content; equal chunks are kept once;
 * small ones are packed into blocks of at most 64 MiB, and a block is a blob. A large file that neither compresses nor
 * shares anything is a block by itself, so that it can be read in place and linked.
 */
export interface FileStore {
  /**
   * Stores files side by side and answers in the order of the input. Everything answered is synced and survives a power cut
   * once the iteration has ended; a process killed before leaves bytes that nobody names.
   * @throws unreadable_data when a file changes while it is read, not_found when it is gone, storage_full.
   */
  store(
    files: Iterable<FileToStore> | AsyncIterable<FileToStore>,
    options?: { readonly signal?: AbortSignal; readonly report?: (progress: StoreProgress) => void },
  ): AsyncIterable<StoredFile>
  /** The ones of these that are stored. Also finds plain blobs. */
  has(digests: readonly Digest[]): Promise<Map<Digest, StoredFile>>
  /**
   * The same for whoever is about to name files that it did not store: what is answered is young afterwards, so that garbage
   * collection spares it for an hour. Without `plainBlobs` those are not looked for.
   */
  renew(
    digests: readonly Digest[],
    options?: { readonly plainBlobs?: boolean },
  ): Promise<Map<Digest, StoredFile>>
  /** Verified like a blob's stream. */
  stream(digest: Digest): Promise<AsyncIterable<Uint8Array>>
  /** A read-only local file with the bytes, for DuckDB: the block itself, or a copy in a cache that is kept small. */
  localPath(digest: Digest): Promise<string>
  /**
   * Writes files to places: by a link that copies on write where the file system can, else by copying, each aside first and
   * renamed. Verified. Existing files are replaced only by rename. A killed process may leave files beside the places that
   * `isPartialName` knows.
   */
  materialize(
    files: Iterable<{ readonly digest: Digest; readonly path: string; readonly executable: boolean }>,
    options?: {
      readonly signal?: AbortSignal
      readonly report?: (progress: { files: number; bytes: number }) => void
    },
  ): Promise<void>
  /** The layouts of these files; a plain blob has itself as its only block. @throws not_found */
  layouts(digests: Iterable<Digest>): AsyncIterable<FileLayout>
  /**
   * Makes files known whose blocks are here already (as blobs), as a pull does. Whoever calls has looked whether the blocks
   * hold these chunks: what is stored later is taken to be them.
   */
  addLayouts(layouts: Iterable<FileLayout>): Promise<void>
  /** These digests, and with each that is a file the blocks that it needs: what someone who names them holds. */
  withBlocks(digests: Iterable<Digest> | AsyncIterable<Digest>): AsyncIterable<Digest>
  /**
   * Drops what is known of files that are not in `held` and were neither stored nor renewed within the last hour, nor since
   * `before` (epoch milliseconds); their blocks become unnamed. For garbage collection, before blobs are reclaimed.
   */
  forget(held: (digest: Digest) => boolean, options?: { readonly before?: number }): Promise<number>
  /** Checks every chunk of these files against its digest, each block read once. */
  verify(digests: Iterable<Digest>, options?: { readonly signal?: AbortSignal }): AsyncIterable<Damage>
  /** The same for layouts that came from elsewhere, before they are added: their blocks are here. */
  verifyLayouts(
    layouts: Iterable<FileLayout>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterable<Damage>
}
