import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { childEnvironment } from '#platform/config'
import type { CodeVersion } from './dataset-version.ts'

const run = promisify(execFile)
const limitMs = 3000

/** The Git commit that a folder stands at, and whether tracked files in it differ; null outside of Git or without it. */
export async function codeVersionOf(directory: string): Promise<CodeVersion | null> {
  // A command that only looks must not take the index lock from somebody who commits.
  const env = childEnvironment({ GIT_OPTIONAL_LOCKS: '0' })
  const git = async (...words: readonly string[]): Promise<string> => {
    const { stdout } = await run('git', words, { cwd: directory, timeout: limitMs, maxBuffer: 1 << 26, env })
    return stdout.trim()
  }
  try {
    const commit = await git('rev-parse', 'HEAD')
    const changes = await git('status', '--porcelain', '--untracked-files=no', '--', '.')
    return { commit, dirty: changes !== '' }
  } catch {
    // Version control is the user's choice, so its absence is no failure.
    return null
  }
}
