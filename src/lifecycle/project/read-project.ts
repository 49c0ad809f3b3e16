import { open } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { DevmlopsError, fail } from '#contract/errors'
import { formatBytes } from '#contract/units'
import { checkProject, type ProjectBytes } from './check-project.ts'
import {
  projectFileName,
  type Project,
  type ProjectIssue,
  type SectionDefinition,
  type SectionsOf,
} from './contract.ts'
import { renderIssues } from './render-issues.ts'

/** People write project files by hand; one this large is something else, such as data under the wrong name. */
const maxFileBytes = 1_048_576

export interface ReadProjectOptions<Definitions extends readonly SectionDefinition[]> {
  readonly sections: Definitions
  /** The file to read, and what relative paths in it are relative to. */
  readonly path?: string
  /** What the file contains, when it is known already (an editor, a test); `path` then only names it. */
  readonly text?: string
}

/**
 * Reads the project file and checks all of it.
 *
 * @throws not_found when there is no such file.
 * @throws invalid_project with every mistake in its message; {@link issuesOf} gives them as data.
 */
export async function readProject<const Definitions extends readonly SectionDefinition[]>({
  sections,
  path = projectFileName,
  text,
}: ReadProjectOptions<Definitions>): Promise<Project<SectionsOf<Definitions>>> {
  const file = shownName(path)
  const bytes = text === undefined ? await readBytes(path) : new TextEncoder().encode(text)
  if (bytes.length > maxFileBytes) failTooLarge(file, bytes.length)
  return requireProject({ path, file, bytes }, sections) as Project<SectionsOf<Definitions>>
}

function requireProject(input: ProjectBytes, sections: readonly SectionDefinition[]): Project {
  const { project, issues, omitted } = checkProject(input, sections)
  if (project !== undefined) return project
  const count = issues.length + omitted
  const [first] = issues
  const heading = `${input.file} has ${count === 1 ? 'a mistake' : `${count} mistakes`}`
  throw new DevmlopsError(
    'invalid_project',
    `${heading}\n\n${renderIssues(issues, { color: false, omitted })}`,
    {
      at: first === undefined ? input.file : `${first.file}:${first.line}:${first.column}`,
      cause: { issues, omitted } satisfies IssuesCause,
    },
  )
}

interface IssuesCause {
  readonly issues: readonly ProjectIssue[]
  readonly omitted: number
}

/** The mistakes that an `invalid_project` error of {@link readProject} carries, to be shown in colour or on a page. */
export function issuesOf(error: unknown): IssuesCause | undefined {
  if (!(error instanceof DevmlopsError) || error.code !== 'invalid_project') return undefined
  const { cause } = error
  return typeof cause === 'object' && cause !== null && 'issues' in cause ? (cause as IssuesCause) : undefined
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const handle = await open(path)
    try {
      // Asked before reading, so that a huge file costs nothing.
      const { size } = await handle.stat()
      if (size > maxFileBytes) failTooLarge(shownName(path), size)
      return await handle.readFile()
    } finally {
      await handle.close()
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      fail('not_found', `There is no file ${path}`, { hint: 'Run `devmlops init` to make a project.' })
    }
    if (code === 'EISDIR') fail('invalid_project', `${path} is a folder, expected a file`, { at: path })
    if (code === 'EACCES' || code === 'EPERM') {
      fail('permission_denied', `${path} may not be read`, {
        hint: 'Check the permissions of the file.',
        at: path,
      })
    }
    throw error
  }
}

function failTooLarge(file: string, sizeBytes: number): never {
  fail(
    'invalid_project',
    `${file} has ${formatBytes(sizeBytes)}, expected at most ${formatBytes(maxFileBytes)}`,
    {
      hint: 'A project file holds settings; keep data in files of its own and name them in the file.',
      at: file,
    },
  )
}

/** Relative where the file lies under the working directory, which terminals turn into a link. */
function shownName(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere === '' || fromHere.startsWith('..') || isAbsolute(fromHere) ? path : fromHere
}
