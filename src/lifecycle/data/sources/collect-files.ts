import { fail } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import { offeredDigest, type ArrivingFile } from './arriving-file.ts'
import { arrivingFile } from './arriving.ts'
import { released, type Collected, type CollectOptions } from './collected.ts'
import { findFiles } from './find-files.ts'
import { removeRenderings } from './remove-renderings.ts'
import { isDatabaseSource } from './source-config.ts'

export async function collectFiles(options: CollectOptions): Promise<Collected> {
  const { config, paths, directory, home } = options
  const { source } = config
  if (paths === undefined) {
    // Each is read by those who have such a source.
    if ('url' in source) return (await import('./collect-url.ts')).collectUrl(options, source)
    if ('s3' in source) return (await import('./collect-s3.ts')).collectS3(options, source)
    if (isDatabaseSource(source)) return (await import('./collect-query.ts')).collectQuery(options, source)
    if ('server' in source) return (await import('./collect-server.ts')).collectServer(options, source)
    if ('push' in source) nothingPushed()
  }
  const patterns = paths ?? listOf('files' in source ? source.files : [])
  const found = await findFiles(patterns, { directory, home })
  if (found.length === 0) {
    fail('not_found', `No file matches ${patterns.join(', ')}.`, {
      hint: `Patterns are relative to ${directory}; put a file there, or name one: devmlops data add NAME FILE.`,
    })
  }
  const files: ArrivingFile[] = []
  const spooled: ArrivingFile[] = []
  try {
    for (const file of found) {
      const arriving = await arrivingFile(file, config, options.spool)
      files.push(arriving)
      if (arriving.originals !== undefined) spooled.push(arriving)
    }
  } catch (error) {
    await removeRenderings(spooled)
    throw error
  }
  return {
    files: distinct(files),
    source: { kind: 'files', paths: files.map(({ name }) => name) },
    unchanged: [],
    downloads: [],
    release: spooled.length === 0 ? released : () => removeRenderings(spooled),
  }
}

function nothingPushed(): never {
  return fail(
    'not_found',
    'The data of this dataset is sent to the server; there is no place to look for it.',
    {
      hint: 'Send a file: devmlops data send NAME FILE. Or add one by hand: devmlops data add NAME FILE.',
    },
  )
}

/** The same bytes twice are one part. */
function distinct(files: readonly ArrivingFile[]): ArrivingFile[] {
  const seen = new Set<Digest>()
  return files.filter((file) => !seen.has(offeredDigest(file)) && seen.add(offeredDigest(file)))
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}
