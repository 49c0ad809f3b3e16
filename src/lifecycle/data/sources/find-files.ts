import { glob, lstat, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { fail } from '#contract/errors'

export interface FoundFile {
  /** Absolute. */
  readonly path: string
  /** As a person would write it: relative inside of the project. */
  readonly name: string
}

export interface FindFilesOptions {
  readonly directory: string
  /** Where the store is; its files are nobody's data. */
  readonly home: string
}

/**
 * The regular files that the patterns name, by name. A relative pattern stays inside of the project, also through
 * symbolic links; an absolute path is the user's explicit word for going elsewhere.
 * @throws not_found for a name without a file, invalid_input for a folder or a way out of the project.
 */
export async function findFiles(
  patterns: readonly string[],
  options: FindFilesOptions,
): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>()
  for (const pattern of patterns) {
    for (const file of await filesOf(pattern, options)) found.set(file.path, file)
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function filesOf(pattern: string, { directory, home }: FindFilesOptions): Promise<FoundFile[]> {
  // A file may be called "[1].csv", so a name that exists is never taken for a pattern.
  const literal = resolve(directory, pattern)
  const exists = (await lstat(literal).catch(() => undefined)) !== undefined
  const paths = exists ? [literal] : await matches(pattern, directory)
  if (paths.length === 0 && !isPattern(pattern)) {
    fail('not_found', `There is no file ${pattern}.`, {
      hint: `Paths are relative to ${directory}.`,
      at: pattern,
    })
  }
  const files: FoundFile[] = []
  for (const path of paths) {
    if (!isInside(home, path)) files.push(...(await fileAt(path, { pattern, directory, exists })))
  }
  return files
}

function isPattern(text: string): boolean {
  return /[*?[\]{}]/.test(text)
}

async function matches(pattern: string, directory: string): Promise<string[]> {
  const paths: string[] = []
  for await (const match of glob(pattern, { cwd: directory })) paths.push(resolve(directory, match))
  return paths
}

interface Asked {
  readonly pattern: string
  readonly directory: string
  /** Named one by one, so that something other than a file is a mistake and not a by-catch. */
  readonly exists: boolean
}

async function fileAt(path: string, { pattern, directory, exists }: Asked): Promise<FoundFile[]> {
  const inside = isInside(directory, path)
  const name = inside ? relative(directory, path) : path
  const kind = await stat(path).catch(() => undefined)
  if (kind === undefined) {
    fail('not_found', `${name} is a symbolic link to a file that is not there.`, { at: name })
  }
  if (!kind.isFile()) {
    if (!exists) return []
    const what = kind.isDirectory() ? 'a folder' : 'not a regular file'
    fail('invalid_input', `${name} is ${what}; a file is expected.`, {
      hint: kind.isDirectory()
        ? `Name the files in it: ${join(name, '*.csv')}`
        : 'Copy its content into a file.',
      at: name,
    })
  }
  if (!isAbsolute(pattern) && !isInside(await realpath(directory), await realpath(path))) {
    fail('invalid_input', `${name} leads out of the project ${directory}.`, {
      hint: 'Give the absolute path of the file itself to read it from there.',
      at: name,
    })
  }
  return [{ path, name }]
}

export function isInside(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : `${directory}${sep}`)
}
