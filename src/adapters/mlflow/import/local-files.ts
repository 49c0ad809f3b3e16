import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SourceFile } from './source.ts'

/** The local path that a URI means, relative ones below `base`; undefined for a URI of another scheme. */
export function localPathOf(uri: string, base: string): string | undefined {
  if (/^file:/i.test(uri)) return fileUrlPath(uri)
  // One letter and a colon is a drive.
  if (/^[a-z][a-z0-9+.-]+:/i.test(uri)) return undefined
  return resolve(base, uri)
}

/** `file:///a%20b`, and the `file:a/b` that old clients wrote. */
function fileUrlPath(uri: string): string | undefined {
  try {
    return fileURLToPath(new URL(uri))
  } catch {
    return undefined
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}

/** Every file below a folder. Links are told apart by the caller: they may lead out of the folder. */
export async function* filesBelow(folder: string): AsyncIterable<SourceFile | { readonly link: string }> {
  for await (const { path, kind } of walk(folder, '')) {
    if (kind === 'link') {
      yield { link: path }
      continue
    }
    const file = join(folder, path)
    const found = await stat(file).catch(() => undefined)
    if (found === undefined) continue
    yield {
      path,
      sizeBytes: found.size,
      changedAt: Math.ceil(found.mtimeMs),
      open: async () => ({ file }),
    }
  }
}

async function* walk(
  folder: string,
  prefix: string,
): AsyncIterable<{ readonly path: string; readonly kind: 'file' | 'link' }> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true })
  entries.sort((left, right) => (left.name < right.name ? -1 : 1))
  for (const entry of entries) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (entry.isDirectory()) yield* walk(folder, path)
    else if (entry.isFile()) yield { path, kind: 'file' }
    else if (entry.isSymbolicLink()) yield { path, kind: 'link' }
  }
}
