import { readFile, rename, writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import type { CommandContext } from '#platform/terminal/index'
import { unifiedDiff } from '#platform/unified-diff'
import { findProject, projectFileName } from '../../project/index.ts'

interface Change {
  readonly path: string
  readonly after: string
  readonly diff: string
}

/** The project file that the command is called for, and what a change would make of it. */
export async function diffOf(
  { directory }: CommandContext,
  change: (text: string) => string,
): Promise<Change> {
  const path = await findProject(directory)
  const before = await readFile(path, 'utf8')
  const after = change(before)
  return {
    path,
    after,
    diff: unifiedDiff(before, after, { name: relative(directory, path) || projectFileName }),
  }
}

/** Shows what changes, and changes it. The file is replaced as a whole, so that it is never half written. */
export async function changeProject(
  context: CommandContext,
  change: (text: string) => string,
): Promise<void> {
  const { path, after, diff } = await diffOf(context, change)
  if (diff === '') return context.terminal.note('Nothing to change.')
  if (!context.json) context.terminal.print(diff)
  await writeFile(`${path}.new`, after)
  await rename(`${path}.new`, path)
  context.terminal.note(`Changed ${path}. Try it: devmlops data check NAME`)
}
