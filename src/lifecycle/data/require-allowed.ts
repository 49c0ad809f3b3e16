import { isAbsolute } from 'node:path'
import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { DataProject } from './data-project.ts'
import { isInside } from './sources/find-files.ts'

/** A path outside of the project is the word of a person at this machine, not of any caller that may add data. */
export function requireAllowed(
  paths: readonly string[] | undefined,
  project: DataProject,
  caller: Caller,
): void {
  const outside = paths?.find((path) => isAbsolute(path) && !isInside(project.directory, path))
  if (outside === undefined || caller.permissions.has('admin')) return
  fail(
    'permission_denied',
    `${outside} lies outside of the project, and ${caller.name} is no administrator.`,
    {
      hint: `Copy the file into ${project.directory}.`,
      at: outside,
    },
  )
}
