import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fail } from '#contract/errors'
import { projectFileName } from './contract.ts'

/**
 * The absolute path of the project file that `startDirectory` belongs to: in it, or in the nearest folder above it. A
 * path to a file is that file.
 *
 * @throws not_found when no folder up to the root of the file system has one.
 */
export async function findProject(startDirectory: string): Promise<string> {
  const start = resolve(startDirectory)
  const kind = await kindOf(start)
  if (kind === 'file') return start
  if (kind === undefined) {
    fail('not_found', `There is no folder ${start}`, { hint: 'Check the path given with --project.' })
  }
  for (let directory = start; ; directory = dirname(directory)) {
    const path = join(directory, projectFileName)
    const found = await kindOf(path)
    if (found === 'file') return path
    if (found === 'directory') {
      fail('invalid_project', `${path} is a folder, expected a file`, {
        hint: 'Rename the folder.',
        at: path,
      })
    }
    if (dirname(directory) === directory) break
  }
  const misnamed = join(start, projectFileName.replace(/yaml$/, 'yml'))
  const hint =
    (await kindOf(misnamed)) === 'file'
      ? `Rename ${misnamed} to ${projectFileName}.`
      : 'Run `devmlops init` to make a project here, or name one with --project.'
  fail('not_found', `Neither ${start} nor a folder above it has a ${projectFileName}`, { hint })
}

async function kindOf(path: string): Promise<'file' | 'directory' | undefined> {
  try {
    const found = await stat(path)
    return found.isDirectory() ? 'directory' : 'file'
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    // A folder that may not be entered holds no project that could be used.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'EPERM') return undefined
    throw error
  }
}
