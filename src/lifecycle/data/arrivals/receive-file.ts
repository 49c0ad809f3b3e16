import { fail } from '#contract/errors'
import { arrivingFile } from '../sources/arriving.ts'
import { removeRenderings } from '../sources/remove-renderings.ts'
import type { Collected } from '../sources/collected.ts'
import { spoolBytes } from '../sources/spool.ts'
import type { DatasetConfig } from '../section.ts'

/** Where no source says more. */
const maximumUploadBytes = 10_000_000_000

interface Received {
  readonly body: AsyncIterable<Uint8Array> | undefined
  /** As the sender calls it. */
  readonly file: string
  readonly config: DatasetConfig
  readonly spool: string
  readonly signal?: AbortSignal | undefined
}

/** A file that somebody sends: nothing of it is looked at before all of it is here. */
export async function receiveFile({ body, file, config, spool, signal }: Received): Promise<Collected> {
  const name = plainName(file)
  if (body === undefined) {
    fail('invalid_input', 'The request has no body; the bytes of the file are expected.', {
      hint: 'For example: curl --data-binary @FILE … or devmlops data send NAME FILE.',
    })
  }
  const { source } = config
  const maximumSizeBytes = 'maximum_size' in source ? source.maximum_size : maximumUploadBytes
  const { rm } = await import('node:fs/promises')
  const path = await spoolBytes(body, { spool, name, maximumSizeBytes, signal })
  try {
    const arriving = await arrivingFile({ path, name }, config, spool)
    return {
      files: [arriving],
      source: { kind: 'push', file: name },
      unchanged: [],
      downloads: [],
      release: async () => {
        await removeRenderings([arriving])
        await rm(path, { force: true })
      },
    }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** A name and nothing else: no folder, no way up, no control characters. */
function plainName(file: string): string {
  if (!/[/\\]|^\.{1,2}$|\p{Cc}/u.test(file) && file.trim() !== '') return file
  return fail('invalid_input', `"${file.replaceAll(/\p{Cc}/gu, '?')}" is no plain file name.`, {
    hint: 'Send the name alone, without folders: orders-2024-01.csv.',
    at: 'file',
  })
}
