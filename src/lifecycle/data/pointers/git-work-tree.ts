import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { childEnvironment } from '#platform/config'

const run = promisify(execFile)
const limitMs = 10_000

/** The top of the Git work tree that a folder is in; looked for as Git does, without starting it. */
export async function gitTop(directory: string): Promise<string | undefined> {
  for (let place = directory; ; place = dirname(place)) {
    // A folder, or a file in a linked work tree or submodule.
    if ((await stat(join(place, '.git')).catch(() => undefined)) !== undefined) return place
    if (dirname(place) === place) return undefined
  }
}

/** What Git prints; undefined when it fails or is not there. */
export async function git(directory: string, words: readonly string[]): Promise<string | undefined> {
  const env = childEnvironment({ GIT_OPTIONAL_LOCKS: '0' })
  try {
    const { stdout } = await run('git', words, { cwd: directory, timeout: limitMs, maxBuffer: 1 << 26, env })
    return stdout.trim()
  } catch {
    return undefined
  }
}
