import { statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, sep } from 'node:path'

export type CommandLine = string | readonly string[]

/** Folders with other people's code or with results: changes in them are not changes of the step. */
const otherFolders = new Set(['node_modules', '__pycache__', 'venv', 'site-packages'])
const mostFiles = 2000

/** The words of a command, quotes removed; good enough to find file names in a line for the shell. */
export function wordsOf(command: CommandLine): string[] {
  if (typeof command !== 'string') return [...command]
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|([^\s"'|&;<>()]+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  )
}

/**
 * The files of the project that a command names: `python train.py`, `node scripts/fit.ts`, `python -m package.module`.
 *
 * A script imports others, and a change in one of those must run the step again. Which ones it imports only its language
 * knows, so every file of the same kind in the script's folder and below counts, unless the step lists its `code:`.
 */
export async function commandFiles(
  command: CommandLine,
  { directory, withNeighbours }: { readonly directory: string; readonly withNeighbours: boolean },
): Promise<string[]> {
  const words = wordsOf(command)
  const named = words.flatMap((word, index) =>
    words[index - 1] === '-m' ? moduleFiles(word, directory) : fileOf(word, directory),
  )
  if (!withNeighbours) return [...new Set(named)]
  const neighbours = await Promise.all(named.map((path) => neighboursOf(path, directory)))
  return [...new Set([...named, ...neighbours.flat()])]
}

function fileOf(word: string, directory: string): string[] {
  const path = relative(directory, join(directory, word))
  if (word === '' || word.startsWith('/') || word.startsWith('-') || path.startsWith('..')) return []
  return isFile(join(directory, path)) ? [path.split(sep).join('/')] : []
}

function moduleFiles(module: string, directory: string): string[] {
  const path = module.replaceAll('.', '/')
  return [`${path}.py`, `${path}/__main__.py`].flatMap((candidate) => fileOf(candidate, directory))
}

const scriptExtensions = new Set([
  '.py',
  '.ts',
  '.js',
  '.mjs',
  '.cjs',
  '.mts',
  '.r',
  '.R',
  '.jl',
  '.sh',
  '.sql',
])

async function neighboursOf(path: string, directory: string): Promise<string[]> {
  const extension = extname(path)
  if (!scriptExtensions.has(extension)) return []
  const found: string[] = []
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(join(directory, folder), { withFileTypes: true })
    for (const entry of entries) {
      if (found.length >= mostFiles) return
      const inside = folder === '.' ? entry.name : `${folder}/${entry.name}`
      if (entry.isFile() && extname(entry.name) === extension) found.push(inside)
      if (entry.isDirectory() && isOwn(join(directory, inside))) await visit(inside)
    }
  }
  await visit(dirname(path))
  return found
}

function isOwn(path: string): boolean {
  const name = basename(path)
  if (name.startsWith('.') || otherFolders.has(name)) return false
  // A Python environment under any name has this file at its top.
  return !isFile(join(path, 'pyvenv.cfg'))
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
