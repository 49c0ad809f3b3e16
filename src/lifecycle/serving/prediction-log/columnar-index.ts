import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** How the values of a column are kept; `json` where they have no one type. */
export type ColumnKind = 'number' | 'integer' | 'boolean' | 'text' | 'time' | 'numbers' | 'json'

/** A column of a Parquet file: `inputs.<name>` or `outputs.<name>`. */
export interface ValueColumn {
  readonly part: 'inputs' | 'outputs'
  readonly name: string
  readonly kind: ColumnKind
}

/** A Parquet file with the predictions of some segments that follow each other. */
export interface ColumnarFile {
  /** Within the folder `columnar`. */
  readonly path: string
  readonly firstSegment: number
  readonly lastSegment: number
  readonly rows: number
  readonly sizeBytes: number
  /** Epoch milliseconds of the earliest and the latest prediction. */
  readonly firstTime: number
  readonly lastTime: number
  /** Lines that were left out: of an id that was there already, and of no JSON. */
  readonly repeated: number
  readonly unreadable: number
  readonly columns: readonly ValueColumn[]
  /** Which of the columns each `model@version` has: others are absent in its records, not missing. */
  readonly columnsOf: Readonly<Record<string, readonly number[]>>
}

/**
 * What is in the folder `columnar` of a log. It is the one word on that: a Parquet file that is not named here does not
 * count, nor does a segment up to `compactedThrough` that is still there.
 */
export interface ColumnarIndex {
  readonly version: 1
  readonly compactedThrough: number
  readonly files: readonly ColumnarFile[]
  /** What retention has removed so far. */
  readonly removed: { readonly rows: number; readonly bytes: number }
}

const emptyIndex: ColumnarIndex = {
  version: 1,
  compactedThrough: 0,
  files: [],
  removed: { rows: 0, bytes: 0 },
}

export function columnarDirectory(directory: string): string {
  return join(directory, 'columnar')
}

/** Where DuckDB puts what does not fit into memory. */
export function workDirectory(directory: string): string {
  return join(columnarDirectory(directory), '.work')
}

export async function readIndex(directory: string): Promise<ColumnarIndex> {
  try {
    return JSON.parse(await readFile(indexPath(directory), 'utf8')) as ColumnarIndex
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return emptyIndex
    throw error
  }
}

/** In one step, and on disk before it counts. */
export async function writeIndex(directory: string, index: ColumnarIndex): Promise<void> {
  const path = indexPath(directory)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const aside = `${path}.${randomUUID()}`
  const handle = await open(aside, 'w', 0o600)
  try {
    await handle.writeFile(JSON.stringify(index))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(aside, path)
  await syncDirectory(dirname(path))
}

/** Gives a file that was written aside its name, when its bytes are on disk. */
export async function publishFile(aside: string, path: string): Promise<void> {
  const handle = await open(aside, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(aside, path)
  await syncDirectory(dirname(path))
  await syncDirectory(dirname(dirname(path)))
}

/** Removes what a process left that died before the index named it, or after the index named it no more. */
export async function removeUnnamed(directory: string, { files }: ColumnarIndex): Promise<void> {
  const folder = columnarDirectory(directory)
  const named = new Set(files.map(({ path }) => path))
  const found = await readdir(folder, { recursive: true }).catch(() => [])
  for (const path of found) {
    const isOurs = path.endsWith('.parquet') || path.endsWith('.part') || path.startsWith('files.json.')
    if (isOurs && !named.has(path)) await rm(join(folder, path), { force: true })
  }
}

export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function indexPath(directory: string): string {
  return join(columnarDirectory(directory), 'files.json')
}
