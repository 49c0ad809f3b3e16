import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

export const executable = join(import.meta.dirname, '..', 'bin', 'devmlops')

/** Runs a command line in a process of its own, as a user does, to its end. */
export async function devmlops(directory: string, ...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(executable, words, {
    cwd: directory,
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}
