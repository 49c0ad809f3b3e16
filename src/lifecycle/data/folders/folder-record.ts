import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceFile } from '#platform/replace-file'
import { digestSchema } from '../versions/snapshot.ts'

/** Which version the working folder of a dataset was made from, or made into, by the last command. */
const folderRecordSchema = z.object({
  version: z.int(),
  digest: digestSchema,
  /** Only what these patterns name was checked out. */
  only: z.array(z.string()).default([]),
})
export type FolderRecord = Readonly<z.infer<typeof folderRecordSchema>>

export async function readFolderRecord(home: string, dataset: string): Promise<FolderRecord | undefined> {
  const text = await readFile(recordPath(home, dataset), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return folderRecordSchema.parse(JSON.parse(text))
  } catch {
    // Half of one after a power cut is none: the newest version stands in.
    return undefined
  }
}

export async function saveFolderRecord(home: string, dataset: string, record: FolderRecord): Promise<void> {
  const content = `${JSON.stringify(record)}\n`
  await replaceFile(recordPath(home, dataset), content, { mode: 0o600, directoryMode: 0o700 })
}

function recordPath(home: string, dataset: string): string {
  return join(home, 'workspace', `${dataset}.json`)
}
