/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`

export interface StoredBlob {
  readonly digest: Digest
  readonly sizeBytes: number
}

export interface ListedBlob extends StoredBlob {
  /** When it was stored last, in epoch milliseconds. */
  readonly changedAt: number
}

/** Both ends count: `{ first: 0, last: 9 }` are ten bytes. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/**
 * Content-addressed bytes. Saving the same bytes twice costs nothing; a blob is whole or absent (written aside, synced,
 * then named); whoever reads is told when the bytes are not those that the digest promises (`storage_corrupt`).
 */
export interface BlobStore {
  /** Stores the bytes and answers their digest. */
  put(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<StoredBlob>
  /** Stores a copy of a file. */
  putFile(path: string): Promise<StoredBlob>
  /** The whole content, verified. Fails with `not_found` or `storage_corrupt`. */
  get(digest: Digest): Promise<Uint8Array>
  /**
   * The content as a stream, which fails before its last chunk when the digest does not match; a range is not verified.
   * The chunks belong to whoever takes them.
   */
  stream(digest: Digest, range?: ByteRange): Promise<AsyncIterable<Uint8Array>>
  /** A read-only local file with the content, for readers that need a path (DuckDB). Verified when first fetched. */
  localPath(digest: Digest): Promise<string>
  head(digest: Digest): Promise<StoredBlob | undefined>
  list(): AsyncIterable<ListedBlob>
  remove(digest: Digest): Promise<void>
  /** Removes what was last stored before that time; answers whether it did. Storing the same bytes again makes them young. */
  removeOlder(digest: Digest, before: number): Promise<boolean>
  /** Makes stored bytes young, as if they were stored again: for whoever is about to name bytes that it did not store. */
  renew(digest: Digest): Promise<void>
  /** Undefined: it copies whatever it stores. */
  readonly intake?: BlobIntake
  /** Undefined: it takes no uploads in parts. */
  readonly uploads?: BlobUploads
}

/** Files that become blobs without being copied. */
export interface BlobIntake {
  /** Where a file may be written: on the disk of the blobs, where it is swept away when its writer dies. */
  place(): Promise<string>
  /**
   * The file becomes the blob. Whoever wrote it knows its digest and has synced its bytes; nobody else may have it open to
   * write.
   */
  take(path: string, blob: StoredBlob): Promise<void>
  /** Removes what was not taken. */
  discard(path: string): Promise<void>
}

export interface UploadedPart {
  /** From 1. */
  readonly number: number
  readonly etag: string
}

/** An upload in parts, and what whoever began it called it: only who knows both may end it. */
export interface BlobUpload {
  readonly id: string
  readonly label: string
}

/** Blobs that come in parts: side by side, in any order, some of them again, over a restart. */
export interface BlobUploads {
  begin(label: string): Promise<string>
  /** Answers the ETag of the part. */
  putPart(id: string, number: number, content: AsyncIterable<Uint8Array>): Promise<string>
  /** Makes one blob of the parts, by their numbers. Asked again, it answers the same. */
  complete(upload: BlobUpload, parts: readonly UploadedPart[]): Promise<StoredBlob>
  abort(upload: BlobUpload): Promise<void>
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}
