import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { childEnvironment } from './config.ts'

/** The Git commit that a folder stands at, and whether files in it differ from it. */
export interface CodeVersion {
  readonly commit: string
  /** There were changes that no commit holds. */
  readonly dirty: boolean
}

const run = promisify(execFile)
const limitMs = 3000

/**
 * Undefined outside of Git, without Git, or when it takes too long: version control is the user's choice. Files that Git
 * does not know yet are code to a pipeline and mostly data to a dataset, so the caller says whether they count; and which folders do
 * not count at all, because the program writes them by itself.
 */
export async function codeVersionOf(
  directory: string,
  { newFiles, except }: { readonly newFiles: 'count' | 'ignore'; readonly except: readonly string[] },
): Promise<CodeVersion | undefined> {
  // A command that only looks must not take the index lock from somebody who commits.
  const env = childEnvironment({ GIT_OPTIONAL_LOCKS: '0' })
  const git = async (...words: readonly string[]): Promise<string> => {
    const { stdout } = await run('git', words, { cwd: directory, timeout: limitMs, maxBuffer: 1 << 26, env })
    return stdout.trim()
  }
  try {
    const [commit, changes] = await Promise.all([
      git('rev-parse', 'HEAD'),
      git(
        'status',
        '--porcelain',
        `--untracked-files=${newFiles === 'count' ? 'normal' : 'no'}`,
        '--',
        '.',
        ...except.map((folder) => `:(exclude)${folder}`),
      ),
    ])
    return { commit, dirty: changes !== '' }
  } catch {
    return undefined
  }
}
