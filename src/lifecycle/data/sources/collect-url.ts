import { basename } from 'node:path'
import { fail } from '#contract/errors'
import { arrivingFile } from './arriving.ts'
import { offeredDigest } from './arriving-file.ts'
import { removeRenderings } from './remove-renderings.ts'
import { released, type Collected, type CollectOptions } from './collected.ts'
import { download } from './download.ts'
import type { TableSource } from './source-config.ts'

export async function collectUrl(
  options: CollectOptions,
  source: Extract<TableSource, { url: string }>,
): Promise<Collected> {
  const { url, timeout: timeoutMs, maximum_size: maximumSizeBytes } = source
  const known = await options.lastDownload(url)
  const fetched = await download({ url, timeoutMs, maximumSizeBytes, spool: options.spool, known })
  if (!fetched.changed) {
    const digest =
      known?.digest ?? fail('server_unreachable', `${url} says that nothing has changed, unasked.`)
    const unchanged = [{ path: url, digest }]
    return { files: [], source: { kind: 'url', url }, unchanged, downloads: [], release: released }
  }
  try {
    const fileName = basename(new URL(url).pathname)
    const found = { path: fetched.path, name: url, fileName, contentType: fetched.contentType }
    const file = await arrivingFile(found, options.config, options.spool)
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
      downloads: [{ url, digest: offeredDigest(file), etag, lastModified }],
      release: async () => {
        await removeRenderings([file])
        await fetched.remove()
      },
    }
  } catch (error) {
    await fetched.remove()
    throw error
  }
}
