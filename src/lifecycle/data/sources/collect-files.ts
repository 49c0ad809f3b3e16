import { basename } from 'node:path'
import { fail } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import type { ArrivingFile } from './arriving-file.ts'
import type { VersionSource } from '../versions/dataset-version.ts'
import { download, type Validators } from './download.ts'
import { findFiles, type FoundFile } from './find-files.ts'
import { inspectFile } from './inspect-file.ts'
import type { DatasetConfig, Format } from '../section.ts'

/** The files that a source has to offer now. */
export interface Collected {
  readonly files: readonly ArrivingFile[]
  readonly source: VersionSource
  /** Bytes that the server says are still the same; they were not fetched again. */
  readonly unchanged: readonly { readonly path: string; readonly digest: Digest }[]
  /** To be kept once the bytes have been judged. */
  readonly download: (Validators & { readonly url: string; readonly digest: Digest }) | undefined
  /** Removes local copies. */
  release(): Promise<void>
}

export interface CollectOptions {
  readonly config: DatasetConfig
  /** Absolute paths or patterns that are asked for instead of the source. */
  readonly paths: readonly string[] | undefined
  readonly directory: string
  readonly home: string
  readonly spool: string
  lastDownload(url: string): Promise<(Validators & { digest: Digest }) | undefined>
}

const released = async (): Promise<void> => undefined

export async function collectFiles(options: CollectOptions): Promise<Collected> {
  const { config, paths, directory, home } = options
  if (paths === undefined && 'url' in config.source) return collectUrl(options, config.source)
  const patterns = paths ?? listOf('files' in config.source ? config.source.files : [])
  const found = await findFiles(patterns, { directory, home })
  if (found.length === 0) {
    fail('not_found', `No file matches ${patterns.join(', ')}.`, {
      hint: `Patterns are relative to ${directory}; put a file there, or name one: devmlops data add NAME FILE.`,
    })
  }
  const files: ArrivingFile[] = []
  for (const file of found) files.push(await arriving(file, config.format))
  return {
    files: distinct(files),
    source: { kind: 'files', paths: files.map(({ name }) => name) },
    unchanged: [],
    download: undefined,
    release: released,
  }
}

async function collectUrl(
  options: CollectOptions,
  source: Extract<DatasetConfig['source'], { url: string }>,
): Promise<Collected> {
  const { url, timeout: timeoutMs, maximum_size: maximumSizeBytes } = source
  const known = await options.lastDownload(url)
  const fetched = await download({ url, timeoutMs, maximumSizeBytes, spool: options.spool, known })
  if (!fetched.changed) {
    const digest =
      known?.digest ?? fail('server_unreachable', `${url} says that nothing has changed, unasked.`)
    const unchanged = [{ path: url, digest }]
    return { files: [], source: { kind: 'url', url }, unchanged, download: undefined, release: released }
  }
  try {
    const name = basename(new URL(url).pathname)
    const format = options.config.format ?? formatOf(name) ?? formatOfType(fetched.contentType)
    const file = await arriving({ path: fetched.path, name: url }, format, name)
    const { digest } = file.facts
    const { etag, lastModified } = fetched.validators
    return {
      files: [file],
      source: {
        kind: 'url',
        url,
        ...(etag === undefined ? {} : { etag }),
        ...(lastModified === undefined ? {} : { lastModified }),
      },
      unchanged: [],
      download: { url, digest, etag, lastModified },
      release: fetched.remove,
    }
  } catch (error) {
    await fetched.remove()
    throw error
  }
}

async function arriving(
  { path, name }: FoundFile,
  given: Format | undefined,
  fileName = basename(name),
): Promise<ArrivingFile> {
  const format =
    given ??
    formatOf(fileName) ??
    fail(
      'invalid_input',
      `${name} has no known ending; .csv, .tsv, .json, .ndjson or .parquet is expected.`,
      {
        hint: 'Set `format` of the dataset in devmlops.yaml.',
        at: name,
      },
    )
  const compressed = /\.gz$/i.test(fileName) && format !== 'parquet'
  const facts = await inspectFile(path, name, { isText: format !== 'parquet', compressed })
  return { name, path, format, compressed, facts }
}

const endings: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  parquet: 'parquet',
}

function formatOf(fileName: string): Format | undefined {
  const ending = /\.([A-Za-z]+)(?:\.gz)?$/i.exec(fileName)?.[1]
  return endings[ending?.toLowerCase() ?? '']
}

function formatOfType(contentType: string | undefined): Format | undefined {
  const type = contentType?.split(';')[0]?.trim()
  if (type === 'text/csv') return 'csv'
  if (type === 'text/tab-separated-values') return 'tsv'
  if (type === 'application/json') return 'json'
  if (type === 'application/x-ndjson') return 'ndjson'
  return type === 'application/vnd.apache.parquet' ? 'parquet' : undefined
}

/** The same bytes twice are one part. */
function distinct(files: readonly ArrivingFile[]): ArrivingFile[] {
  const seen = new Set<Digest>()
  return files.filter(({ facts }) => !seen.has(facts.digest) && seen.add(facts.digest))
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}
