import { chmod, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { fail } from '#contract/errors'
import { git } from './git-work-tree.ts'
import { hookMark, hookNames, hookScript, type HookName } from './hook-script.ts'

export interface InstalledHook {
  readonly name: HookName
  readonly path: string
  /** unchanged: it was ours and the same already; foreign: there is one of somebody else, which was left alone. */
  readonly state: 'written' | 'unchanged' | 'foreign'
}

/**
 * Puts our hooks where Git looks for them (`core.hooksPath` is heeded). One that is not ours is never touched.
 * @throws not_found outside of a Git work tree.
 */
export async function installHooks(directory: string): Promise<InstalledHook[]> {
  const top = await git(directory, ['rev-parse', '--show-toplevel'])
  const hooks = await git(directory, ['rev-parse', '--git-path', 'hooks'])
  if (top === undefined || hooks === undefined) {
    return fail('not_found', `${directory} is in no Git work tree.`, { hint: 'Make one with `git init`.' })
  }
  const inside = relative(await realpath(top), await realpath(directory))
    .split(sep)
    .join('/')
  const folder = resolve(directory, hooks)
  await mkdir(folder, { recursive: true })
  const installed: InstalledHook[] = []
  for (const name of hookNames) {
    const path = join(folder, name)
    const script = hookScript(name, inside)
    const there = await readFile(path, 'utf8').catch(() => undefined)
    if (there !== undefined && !there.includes(hookMark.replace(/ \d+$/, ''))) {
      installed.push({ name, path, state: 'foreign' })
      continue
    }
    if (there !== script) await writeFile(path, script)
    await chmod(path, 0o755)
    installed.push({ name, path, state: there === script ? 'unchanged' : 'written' })
  }
  return installed
}
