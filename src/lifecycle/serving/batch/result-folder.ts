import { mkdir } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { fail } from '#contract/errors'

/** The folder of the project that the results of a batch go to. */
export async function prepareFolder(projectDirectory: string, folder: string): Promise<string> {
  requireInside(projectDirectory, folder)
  const path = resolve(projectDirectory, folder)
  await mkdir(path, { recursive: true })
  return path
}

export function requireInside(projectDirectory: string, folder: string): void {
  const below = relative(projectDirectory, resolve(projectDirectory, folder))
  if (below === '' || below.startsWith('..') || isAbsolute(below)) {
    fail('invalid_input', `The folder ${folder} is not below the project.`, { at: 'folder' })
  }
}
