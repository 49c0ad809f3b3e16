import { rm } from 'node:fs/promises'
import type { Digest } from '#platform/blobs/index'
import type { Tables } from '#platform/tables/index'
import { mergeUpsert } from '../loads/merge-upsert.ts'
import type { Column } from '../rows/column-type.ts'
import type { LocalPart } from '../rows/relation.ts'
import type { DatasetConfig } from '../section.ts'
import type { ArrivingFile } from '../sources/arriving-file.ts'
import { inspectFile } from '../sources/inspect-file.ts'
import { isDatabaseSource } from '../sources/source-config.ts'
import { spoolPath } from '../sources/spool.ts'
import type { DatasetVersion } from './dataset-version.ts'
import type { Original, Part } from './snapshot.ts'

export interface NewPart {
  readonly part: Part
  readonly file: ArrivingFile
}

/** Bytes that a new version names and that are to be stored. */
export interface BytesToStore {
  readonly name: string
  readonly path: string
  readonly digest: Digest
}

export interface Assembled {
  readonly parts: readonly Part[]
  readonly originals: readonly Original[]
  readonly readable: readonly LocalPart[]
  readonly toStore: readonly BytesToStore[]
  /** Removes what was written on the way. */
  release(): Promise<void>
}

interface Assembling {
  readonly dataset: string
  readonly config: Pick<DatasetConfig, 'mode' | 'key' | 'deleted' | 'source'>
  readonly parent: DatasetVersion | undefined
  readonly local: readonly (LocalPart & { readonly part: Part })[]
  readonly added: readonly NewPart[]
  readonly columns: readonly Column[]
  /** What is added was in quarantine. */
  readonly isRelease: boolean
  /** Where DuckDB may write. */
  readonly temporaryDirectory: string
}

/** The parts of the version that comes of what is there and what was accepted. */
export async function assembleParts(tables: Tables, request: Assembling): Promise<Assembled> {
  const { config, parent, local, added } = request
  if (config.mode === 'upsert') return upserted(tables, request)
  const replaced = new Map(added.map(({ part }) => [part.digest, part]))
  const before = config.mode === 'append' ? (parent?.parts ?? []) : []
  const parts = [
    ...before.map((part) => replaced.get(part.digest) ?? part),
    ...added.map(({ part }) => part).filter(({ digest }) => !before.some((part) => part.digest === digest)),
  ]
  const paths = new Map([
    ...local.map(({ part, path }): [Digest, string] => [part.digest, path]),
    ...added.map(({ part, file }): [Digest, string] => [part.digest, file.path]),
  ])
  const originals = added.flatMap(({ file }) => file.originals ?? [])
  return {
    parts,
    originals: distinct([
      ...(config.mode === 'append' ? (parent?.originals ?? []) : []),
      ...originals.map(originalOf),
    ]),
    readable: parts.flatMap((part) => {
      const path = paths.get(part.digest)
      return path === undefined ? [] : [{ part, path }]
    }),
    toStore: [
      ...added.map(({ file, part }) => ({ name: file.name, path: file.path, digest: part.digest })),
      ...originals,
    ],
    release: async () => undefined,
  }
}

async function upserted(tables: Tables, request: Assembling): Promise<Assembled> {
  const { dataset, config, parent, local, added, columns, temporaryDirectory } = request
  const { source } = config
  const path = await spoolPath(temporaryDirectory, '.parquet')
  const name = `${dataset}.parquet`
  try {
    const { rows } = await mergeUpsert(tables, {
      columns,
      kept: local,
      arriving: added.map(({ part, file }) => ({ part, path: file.path })),
      key: config.key,
      cursor: isDatabaseSource(source) ? source.incremental?.cursor : undefined,
      deleted: config.deleted,
      isOlder: request.isRelease,
      path,
    })
    const { digest, sizeBytes } = await inspectFile(path, name, { isText: false, compressed: false })
    const part: Part = { path: name, digest, sizeBytes, rows, reading: { format: 'parquet' }, from: [] }
    // Rows of a query are no file of anybody's: what was fetched is in the table and nowhere else.
    const originals = isDatabaseSource(source)
      ? added.flatMap(({ file }) => file.originals ?? [])
      : added.flatMap(
          ({ file, part: own }) =>
            file.originals ?? [{ ...file, digest: own.digest, sizeBytes: own.sizeBytes }],
        )
    return {
      parts: [part],
      originals: distinct([...(parent?.originals ?? []), ...originals.map(originalOf)]),
      readable: [{ part, path }],
      toStore: [{ name, path, digest }, ...originals],
      release: () => rm(path, { force: true }),
    }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

function originalOf({
  name,
  digest,
  sizeBytes,
}: {
  name: string
  digest: Digest
  sizeBytes: number
}): Original {
  return { path: name, digest, sizeBytes }
}

function distinct(originals: readonly Original[]): Original[] {
  return [...new Map(originals.map((original) => [original.digest, original])).values()]
}
