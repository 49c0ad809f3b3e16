import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { DataProject } from '../data-project.ts'
import { isInside } from '../sources/find-files.ts'
import type { FolderSource } from './folder-source.ts'
import { locateFolder } from './locate-folder.ts'

export interface WritingPlace {
  readonly project: DataProject
  readonly caller: Caller
  readonly home: string
}

/** Where the files of a dataset are checked out. @throws permission_denied, invalid_input */
export async function checkoutPlace({
  to,
  source,
  name,
  ...place
}: WritingPlace & {
  to: string | undefined
  source: FolderSource | undefined
  name: string
}): Promise<string> {
  if (to !== undefined) return writablePlace(to, place)
  if (source !== undefined) return ownFolder(source, place.project)
  return fail('invalid_input', `"${name}" has no folder of its own to be checked out into.`, {
    hint: `Name one: devmlops data checkout ${name} --to FOLDER.`,
    at: 'to',
  })
}

async function ownFolder({ folder }: FolderSource, { directory }: DataProject): Promise<string> {
  await mkdir(resolve(directory, folder), { recursive: true })
  return (await locateFolder(folder, directory)) ?? resolve(directory, folder)
}

/**
 * A place that is not the dataset's own folder is the word of a person at this machine: a file may be a program to
 * whoever finds it there, a hook of Git or a step of a pipeline.
 */
export function writablePlace(to: string, { project, caller, home }: WritingPlace): string {
  if (!caller.permissions.has('admin')) {
    fail(
      'permission_denied',
      `${caller.name} is no administrator, and only one chooses where files are written.`,
      {
        hint: 'Check the dataset out into its own folder, or download what you need.',
        at: 'to',
      },
    )
  }
  const place = resolve(project.directory, to)
  if (!isInside(home, place)) return place
  return fail('invalid_input', `${to} is in the store.`, { hint: 'Choose a place of your own.', at: 'to' })
}
