import { randomUUID } from 'node:crypto'
import { copyFile, constants, link, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DevmlopsError, fail } from '#contract/errors'
import { fileBlobStore, fileChunks, verified, writeSynced } from '#platform/blobs/index'
import { explainSystemError } from '#platform/system-error'
import { documentName, documentNumber } from './document-name.ts'
import type { Remote } from './remote.ts'
import { documentText, readDocument } from './version-document.ts'

/** A folder, such as one of a mounted disk. */
export function folderRemote(directory: string): Remote {
  const blobs = fileBlobStore(directory, { sharedFolders: true })
  /** Nobody writes to the place where a disk is mounted when it is not. */
  const requireFolder = async (making: boolean): Promise<void> => {
    const path = making ? dirname(directory) : directory
    const found = await stat(path).catch(() => undefined)
    if (found?.isDirectory() === true) return
    fail('not_found', `There is no folder ${path}.`, { hint: 'Is the disk mounted? Or make the folder.' })
  }
  const namesIn = async (path: string): Promise<string[]> =>
    readdir(join(directory, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw explainSystemError(error)
    })

  return {
    name: directory,
    datasets: async () => {
      await requireFolder(false)
      return (await namesIn('datasets')).sort()
    },
    versions: async (dataset) => {
      const numbers = (await namesIn(`datasets/${dataset}`)).map(documentNumber)
      return numbers.filter((number) => number !== undefined).sort((left, right) => left - right)
    },
    document: async ({ dataset, version }) => {
      const path = join(directory, documentName(dataset, version))
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw explainSystemError(error)
      })
      return text === undefined ? undefined : readDocument(text, path)
    },
    read: async (digest, _place, range) => {
      if ((await blobs.head(digest)) === undefined) return undefined
      return fileChunks(join(directory, 'sha256', digest.slice(7, 9), digest.slice(9)), range)
    },
    writing: {
      has: async (digest) => (await blobs.head(digest)) !== undefined,
      send: async (blob, path, onSent) => {
        await requireFolder(true)
        await blobs.put(counted(verified(fileChunks(path), blob.digest), onSent))
      },
      addDocument: async (document) => {
        await requireFolder(true)
        const { dataset, version } = document.version
        const path = join(directory, documentName(dataset, version))
        return writeOnce(path, documentText(document))
      },
    },
  }
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onSent: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    onSent(chunk.byteLength)
    yield chunk
  }
}

/** Written aside and then given its name, if nobody has it: whoever looks sees all of it or nothing. */
async function writeOnce(path: string, text: string): Promise<boolean> {
  const aside = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeSynced(aside, new TextEncoder().encode(text))
    await link(aside, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error
      // A file system without links.
      return copyFile(aside, path, constants.COPYFILE_EXCL)
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error instanceof DevmlopsError ? error : explainSystemError(error)
  } finally {
    await rm(aside, { force: true })
  }
}
