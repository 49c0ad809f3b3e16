import { createHash } from 'node:crypto'
import { globSync, realpathSync, statSync } from 'node:fs'
import { rename, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { fail } from '#contract/errors'
import { openTables, quoteName, quoteText, type Tables } from '#platform/tables/index'
import type { BatchSettings } from './batch-section.ts'

/** Datasets, as far as a batch needs them. */
export interface BatchDatasets {
  /** The version that a reference names now. */
  resolveDataset(reference: string): Promise<{ readonly name: string; readonly version: number }>
  openDataset(reference: string): Promise<{
    readonly relation: string
    readonly parts: readonly { readonly path: string; readonly format: string }[]
    readonly allowedPaths: readonly string[]
  }>
}

/** What a batch reads, fixed when it begins: references with versions, or what the files were. */
export interface PinnedSources {
  readonly datasets: Readonly<Record<string, string>>
  /** Digest of the names, sizes and times of files. */
  readonly files?: string
}

const table = 'rows'

export async function pinSources(
  settings: BatchSettings,
  { datasets, directory }: { readonly datasets: BatchDatasets; readonly directory: string },
): Promise<PinnedSources> {
  if (settings.files !== undefined)
    return { datasets: {}, files: stampOf(filesOf(settings.files, directory)) }
  const named = settings.data === undefined ? settings.inputs : { [table]: settings.data }
  const pinned = Object.entries(named).map(async ([name, reference]) => {
    const { name: dataset, version } = await datasets.resolveDataset(reference.replace(/^data\./, ''))
    return [name, `${dataset}@${version}`] as const
  })
  return { datasets: Object.fromEntries(await Promise.all(pinned)) }
}

/**
 * The rows of a batch as Parquet files: those of the dataset where it consists of such, else one that is made here. Made
 * once: the same folder again finds it.
 */
export async function sourceFiles(
  settings: BatchSettings,
  pinned: PinnedSources,
  {
    datasets,
    directory,
    workDirectory,
  }: { readonly datasets: BatchDatasets; readonly directory: string; readonly workDirectory: string },
): Promise<readonly string[]> {
  const made = join(workDirectory, 'source.parquet')
  if ((await stat(made).catch(() => undefined)) !== undefined) return [made]
  if (settings.files !== undefined) {
    const files = filesOf(settings.files, directory)
    if (stampOf(files) !== pinned.files) {
      fail('conflict', `The files ${settings.files} changed since the batch began.`, {
        hint: 'Start it again: every row must be scored once, and the rows are no longer the same.',
      })
    }
    if (files.every((file) => file.endsWith('.parquet')) && (await haveSameColumns(files, workDirectory)))
      return files
    return makeParquet({ sql: `SELECT * FROM ${readerOf(files)}`, allowedPaths: files, workDirectory, made })
  }
  const opened = await Promise.all(
    Object.entries(pinned.datasets).map(
      async ([name, reference]) => [name, await datasets.openDataset(reference)] as const,
    ),
  )
  const only = settings.data === undefined ? undefined : opened[0]?.[1]
  if (only !== undefined) {
    const paths = only.parts.map(({ path }) => path)
    const isParquet = paths.length > 0 && only.parts.every(({ format }) => format === 'parquet')
    if (isParquet && (await haveSameColumns(paths, workDirectory))) return paths
  }
  const views = opened.map(([name, { relation }]) => `${quoteName(name)} AS (SELECT * FROM ${relation})`)
  const query = settings.query ?? `SELECT * FROM ${quoteName(table)}`
  return makeParquet({
    sql:
      views.length === 0 ? query : `WITH ${views.join(', ')} SELECT * FROM (${query.replace(/;\s*$/, '')})`,
    allowedPaths: opened.flatMap(([, { allowedPaths }]) => allowedPaths),
    workDirectory,
    made,
  })
}

interface Making {
  readonly sql: string
  readonly allowedPaths: readonly string[]
  readonly workDirectory: string
  readonly made: string
}

async function makeParquet({ sql, allowedPaths, workDirectory, made }: Making): Promise<readonly string[]> {
  const aside = `${made}.writing`
  await withTables(workDirectory, allowedPaths, (tables) =>
    tables.run(`COPY (${sql}) TO ${quoteText(aside)} (FORMAT parquet, COMPRESSION zstd)`),
  )
  await rename(aside, made)
  return [made]
}

async function haveSameColumns(files: readonly string[], workDirectory: string): Promise<boolean> {
  if (files.length < 2) return true
  return withTables(workDirectory, files, async (tables) => {
    const described = new Set<string>()
    for (const file of files)
      described.add(JSON.stringify(await tables.columns(`SELECT * FROM read_parquet(${quoteText(file)})`)))
    return described.size === 1
  })
}

async function withTables<Result>(
  workDirectory: string,
  allowedPaths: readonly string[],
  work: (tables: Tables) => Promise<Result>,
): Promise<Result> {
  const tables = await openTables({
    allowedDirectories: [workDirectory],
    allowedPaths,
    temporaryDirectory: join(workDirectory, 'tables'),
  })
  try {
    return await work(tables)
  } finally {
    tables.close()
  }
}

const readers: Readonly<Record<string, string>> = {
  parquet: 'read_parquet',
  csv: 'read_csv',
  ndjson: 'read_ndjson_auto',
  jsonl: 'read_ndjson_auto',
}

function readerOf(files: readonly string[]): string {
  const endings = new Set(files.map((file) => file.slice(file.lastIndexOf('.') + 1)))
  const [ending = ''] = endings
  const reader = readers[ending]
  if (endings.size !== 1 || reader === undefined) {
    return fail(
      'invalid_input',
      `The files end in ${[...endings].join(', ')}; all must be one of ${Object.keys(readers).join(', ')}.`,
    )
  }
  return `${reader}([${files.map(quoteText).join(', ')}], union_by_name = true)`
}

/** Files of the project, in the order of their names; never outside it. */
function filesOf(pattern: string, directory: string): string[] {
  const found = globSync(pattern, { cwd: directory })
    .map((file) => resolve(directory, file))
    .sort()
  if (found.length === 0) fail('not_found', `No file matches ${pattern} in ${directory}.`)
  const project = realpathSync(directory)
  for (const file of found) {
    const below = relative(project, realpathSync(file))
    if (below.startsWith('..') || isAbsolute(below))
      fail('permission_denied', `${pattern} leads out of the project.`)
  }
  return found
}

function stampOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    const { size, mtimeMs } = statSync(file)
    hash.update(`${file}\0${size}\0${mtimeMs}\n`)
  }
  return hash.digest('hex')
}
