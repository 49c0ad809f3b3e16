import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import { promisify } from 'node:util'

/** Runs a script, by its path, and reads the JSON of its last line; undefined, with the reason told, where it cannot run. */
export async function peerScript(
  python: string | undefined,
  script: string,
  ...words: string[]
): Promise<Readonly<Record<string, number>> | undefined> {
  if (python === undefined) return undefined
  try {
    const { stdout } = await promisify(execFile)(python, [script, ...words], {
      maxBuffer: 64 * 1024 * 1024,
    })
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, number>
  } catch (error) {
    console.log(`  ${basename(script)}: ${(error as Error).message.trim().split('\n').at(-1) ?? ''}`)
    return undefined
  }
}
