import { rm } from 'node:fs/promises'
import { basename, matchesGlob } from 'node:path'
import { DevmlopsError, fail } from '#contract/errors'
import { s3FilesBelow, type S3File } from '#platform/blobs/index'
import { arrivingFile } from './arriving.ts'
import { offeredDigest, type ArrivingFile } from './arriving-file.ts'
import { removeRenderings } from './remove-renderings.ts'
import type { Collected, CollectOptions, Fetched } from './collected.ts'
import type { TableSource } from './source-config.ts'
import { spoolBytes } from './spool.ts'

/** Objects of a bucket. One whose ETag is the one of last time is not fetched again. */
export async function collectS3(
  options: CollectOptions,
  source: Extract<TableSource, { s3: string }>,
): Promise<Collected> {
  const objects = await listObjects(source.s3)
  const files: ArrivingFile[] = []
  const downloads: Fetched[] = []
  const unchanged: { path: string; digest: Fetched['digest'] }[] = []
  const spooled: string[] = []
  const release = async (): Promise<void> => {
    await removeRenderings(files)
    for (const path of spooled) await rm(path, { force: true })
  }
  try {
    for (const { name, object } of objects) {
      const known = await options.lastDownload(name)
      const isSame = known !== undefined && known.etag === object.etag && object.etag !== ''
      if (isSame && options.config.mode !== 'replace') {
        unchanged.push({ path: name, digest: known.digest })
        continue
      }
      // Of a set that replaces all, the unchanged ones are needed too; their bytes are here.
      const stored = isSame ? await options.localPath(known.digest).catch(() => undefined) : undefined
      const path = stored ?? (await fetchObject(object, name, { options, source }))
      if (stored === undefined) spooled.push(path)
      const file = await arrivingFile({ path, name, fileName: basename(name) }, options.config, options.spool)
      files.push(file)
      downloads.push({ url: name, digest: offeredDigest(file), etag: object.etag })
    }
  } catch (error) {
    await release()
    throw error
  }
  return {
    files,
    source: { kind: 's3', objects: objects.map(({ name }) => name) },
    unchanged,
    downloads,
    release,
  }
}

interface NamedObject {
  /** As `s3://bucket/key`. */
  readonly name: string
  readonly object: S3File
}

/** The objects that a pattern such as `s3://bucket/prefix/*.parquet` means, by name. */
export async function listObjects(pattern: string): Promise<NamedObject[]> {
  const [, bucket = '', keys = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(pattern) ?? []
  // Only whole folders can be listed; what stands before the first wildcard narrows it most.
  const folder = keys.replace(/[*?[{].*$/, '').replace(/[^/]*$/, '')
  const listed = s3FilesBelow(`s3://${bucket}/${folder}`)
  if (listed === undefined) {
    fail('invalid_input', 'There are no credentials for S3 in the environment.', {
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_ENDPOINT_URL for a store that is not Amazon’s.',
      at: pattern,
    })
  }
  const found: NamedObject[] = []
  for await (const object of listed) {
    const key = `${folder}${object.path}`
    if (key === keys || matchesGlob(key, keys)) found.push({ name: `s3://${bucket}/${key}`, object })
  }
  if (found.length === 0) {
    fail('not_found', `No object matches ${pattern}.`, {
      hint: 'Check the bucket and the prefix.',
      at: pattern,
    })
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function fetchObject(
  object: S3File,
  name: string,
  { options, source }: { options: CollectOptions; source: Extract<TableSource, { s3: string }> },
): Promise<string> {
  const { maximum_size: maximumSizeBytes, timeout } = source
  let sizeBytes = 0
  const counted = async function* (): AsyncIterable<Uint8Array> {
    for await (const chunk of await object.open()) {
      sizeBytes += chunk.byteLength
      yield chunk
    }
  }
  const { spool } = options
  const signal = AbortSignal.timeout(timeout)
  const path = await spoolBytes(counted(), { spool, name, maximumSizeBytes, signal }).catch(
    (error: unknown) => {
      if (error instanceof DevmlopsError) throw error
      throw brokenOff(name, signal.aborted, error)
    },
  )
  if (sizeBytes === object.sizeBytes) return path
  await rm(path, { force: true })
  throw brokenOff(name, false, undefined)
}

function brokenOff(name: string, timedOut: boolean, cause: unknown): DevmlopsError {
  return timedOut
    ? new DevmlopsError('timed_out', `${name} did not arrive in time.`, {
        hint: 'Raise `timeout` of the source.',
        at: name,
      })
    : new DevmlopsError('server_unreachable', `${name} did not arrive whole.`, {
        hint: 'Nothing was taken in. Run the command again.',
        at: name,
        cause,
      })
}
