import { lstat, realpath, stat } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import { fail } from '#contract/errors'
import { isInside } from '../sources/find-files.ts'

/**
 * The real path of a folder of the project. A relative one stays inside of the project, also through links; an absolute
 * one is the user's explicit word for going elsewhere. Undefined when there is nothing yet.
 * @throws invalid_input for a way out of the project, or for what is no folder.
 */
export async function locateFolder(folder: string, directory: string): Promise<string | undefined> {
  const place = resolve(directory, folder)
  if (!isAbsolute(folder) && !isInside(directory, place)) leadsOut(folder, directory)
  const exists = (await lstat(place).catch(() => undefined)) !== undefined
  if (!exists) return undefined
  const found = await stat(place).catch(() => undefined)
  if (found === undefined) fail('not_found', `${folder} is a symbolic link to nothing.`, { at: folder })
  if (!found.isDirectory()) {
    fail('invalid_input', `${folder} is no folder.`, {
      hint: 'Use `source: { files: … }` for a file that reads as rows.',
      at: folder,
    })
  }
  const real = await realpath(place)
  if (!isAbsolute(folder) && !isInside(await realpath(directory), real)) leadsOut(folder, directory)
  return real
}

function leadsOut(folder: string, directory: string): never {
  return fail('invalid_input', `${folder} leads out of the project ${directory}.`, {
    hint: 'Give its absolute path to read it from there.',
    at: folder,
  })
}
