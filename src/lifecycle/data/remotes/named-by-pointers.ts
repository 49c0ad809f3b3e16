import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { fail } from '#contract/errors'
import { childEnvironment } from '#platform/config'
import { gitTop } from '../pointers/git-work-tree.ts'
import { isConflicted, pointedDatasets, pointerFolder, readPointer } from '../pointers/pointer-file.ts'
import type { NamedVersion } from './named-version.ts'

const run = promisify(execFile)
const mostRefs = 500
const limitMs = 60_000

/**
 * The versions that pointer files name: the files as they are, and as every branch and tag of Git has them.
 *
 * @throws not_ready when Git does not answer: then nobody can tell what its branches name.
 */
export async function* namedByPointers(directory: string): AsyncIterable<NamedVersion> {
  for (const dataset of await pointedDatasets(directory)) {
    const pointer = await readPointer(directory, dataset)
    if (pointer === undefined) continue
    const sides = isConflicted(pointer) ? pointer.sides : [pointer]
    for (const { digest } of sides) if (digest !== undefined) yield { digest, by: 'pointer file' }
  }
  if ((await gitTop(directory)) === undefined) return
  const refs = await linesOf(directory, ['for-each-ref', '--format=%(refname)'])
  for (let start = 0; start < refs.length; start += mostRefs) {
    const some = refs.slice(start, start + mostRefs)
    const words = ['grep', '-E', '^digest: sha256:', ...some, '--', `${pointerFolder}/*.yaml`]
    for (const line of await linesOf(directory, words)) {
      const [, ref, digest] = /^([^:]+):.*digest: (sha256:[0-9a-f]{64})/.exec(line) ?? []
      const name = ref?.replace(/^refs\/(heads|tags|remotes)\//, '')
      if (name !== undefined) yield { digest, by: `pointer file in ${name}` }
    }
  }
}

async function linesOf(directory: string, words: readonly string[]): Promise<string[]> {
  try {
    const env = childEnvironment({ GIT_OPTIONAL_LOCKS: '0' })
    const { stdout } = await run('git', words, { cwd: directory, timeout: limitMs, maxBuffer: 1 << 28, env })
    return stdout.split('\n').filter((line) => line !== '')
  } catch (error) {
    // `git grep` that finds nothing.
    if ((error as { code?: unknown }).code === 1) return []
    return fail('not_ready', 'Git does not tell which versions its branches name.', {
      hint: `Does git work in ${directory}?`,
      cause: error,
    })
  }
}
