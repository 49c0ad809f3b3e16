import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Writes a file aside and gives it its name in one step: whoever reads sees all of the old one or all of the new one. Not
 * synced; for what can be made again.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  { mode, directoryMode }: { readonly mode?: number; readonly directoryMode?: number } = {},
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, ...(directoryMode !== undefined && { mode: directoryMode }) })
  const aside = join(dirname(path), `.${basename(path)}.${randomUUID()}`)
  try {
    await writeFile(aside, content, mode === undefined ? {} : { mode })
    await rename(aside, path)
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined)
    throw error
  }
}
