/** A version of a dataset that a run is pinned to. */
interface ResolvedDataset {
  readonly name: string
  readonly version: number
  /** Of the content: two versions with the same rows in the same files have the same digest. */
  readonly digest: string
}

interface OpenedDataset extends ResolvedDataset {
  readonly parts: readonly { readonly path: string; readonly format: string }[]
  /** Of a dataset that is a folder: its files by their paths. */
  readonly files?: readonly { readonly path: string; readonly name: string }[]
  /** The whole dataset as a DuckDB FROM expression; of a folder, one row a file. */
  readonly relation: string
  /** Files that the expression reads. */
  readonly allowedPaths: readonly string[]
}

/** Extension point: where datasets come from. References are `flights` (the newest usable version) or `flights@3`. */
export interface DatasetPoint {
  /** Looks up metadata only; called for every plan. Fails with `not_found`. */
  resolveDataset(reference: string): Promise<ResolvedDataset>
  /** Makes the files available on this machine. */
  openDataset(reference: string): Promise<OpenedDataset>
}
