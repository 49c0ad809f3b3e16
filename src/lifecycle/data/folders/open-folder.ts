import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Platform } from '#platform/platform'
import { replaceFile } from '#platform/replace-file'
import { quoteText } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import type { DataStore } from '../store.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { checkoutFolder } from './checkout-folder.ts'
import { filesOf, openTree } from './tree.ts'
import { requireTree } from './version-tree.ts'

/** So long nobody has read it, and it is made anew when somebody does. */
const keptMs = 24 * 3_600_000

/** A folder's version on this machine, for whoever works with its files. */
export interface OpenedFolder {
  readonly files: readonly { readonly path: string; readonly name: string }[]
  /** One row a file: what SQL can say of them. */
  readonly columns: readonly Column[]
  readonly relation: string
  readonly allowedPaths: readonly string[]
}

const columns: readonly Column[] = [
  { name: 'path', type: 'text', sqlType: 'VARCHAR' },
  { name: 'bytes', type: 'integer', sqlType: 'BIGINT' },
  { name: 'digest', type: 'text', sqlType: 'VARCHAR' },
  { name: 'file', type: 'text', sqlType: 'VARCHAR' },
]

/**
 * Puts the files of a version into a folder of the store, once; whoever changed one there finds it healed the next time.
 */
export async function openFolder(
  version: DatasetVersion,
  { platform, store }: { readonly platform: Platform; readonly store: DataStore },
): Promise<OpenedFolder> {
  const tree = requireTree(version)
  const cache = join(platform.config.home, 'cache', 'trees')
  await mkdir(cache, { recursive: true, mode: 0o700 })
  const name = tree.root.slice('sha256:'.length)
  await removeOld(cache, name)
  const place = join(cache, name)
  await checkoutFolder(
    {
      version,
      place,
      source: { exclude: [], links: 'refuse' },
      project: { directory: place },
      only: [],
      force: true,
      base: undefined,
    },
    { platform, store },
  )
  const now = platform.clock.now() / 1000
  await utimes(place, now, now)
  await using opened = await openTree(platform.blobs, tree)
  const files: { path: string; name: string }[] = []
  const lines = ['path,bytes,digest,file']
  for await (const { path, sizeBytes, digest } of filesOf(opened)) {
    const file = join(place, path)
    files.push({ path: file, name: path })
    lines.push([quoted(path), sizeBytes, digest, quoted(file)].join(','))
  }
  const list = `${place}.csv`
  await replaceFile(list, `${lines.join('\n')}\n`)
  const types = columns.map((column) => `${quoteText(column.name)}: ${quoteText(column.sqlType)}`)
  return {
    files,
    columns,
    relation: `read_csv(${quoteText(list)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = {${types.join(', ')}})`,
    allowedPaths: [list],
  }
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

async function removeOld(cache: string, kept: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name)
    const found = await stat(path).catch(() => undefined)
    if (name.startsWith(kept) || found === undefined || found.mtimeMs > Date.now() - keptMs) continue
    await rm(path, { recursive: true, force: true })
  }
}
