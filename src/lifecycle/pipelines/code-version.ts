import { execFile } from 'node:child_process'
import { childEnvironment } from '#platform/config'
import type { CodeVersion } from './contract.ts'

const limitMs = 3000

/** The commit that the project's folder stands at; undefined outside of Git, or when Git takes too long. */
export async function codeVersionOf(directory: string): Promise<CodeVersion | undefined> {
  const [commit, changes] = await Promise.all([
    git(directory, ['rev-parse', 'HEAD']),
    git(directory, ['status', '--porcelain', '--', '.']),
  ])
  if (commit === undefined || changes === undefined) return undefined
  return { commit: commit.trim(), dirty: changes.trim() !== '' }
}

function git(directory: string, words: readonly string[]): Promise<string | undefined> {
  const options = { cwd: directory, timeout: limitMs, env: childEnvironment({ GIT_OPTIONAL_LOCKS: '0' }) }
  return new Promise((resolve) => {
    execFile('git', [...words], options, (error, stdout) => resolve(error === null ? stdout : undefined))
  })
}
