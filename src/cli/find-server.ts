import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The URL of the server that holds the store in `home`, if one is alive. */
export async function findServer(home: string): Promise<string | undefined> {
  const text = await readFile(join(home, 'server.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const { url, pid } = JSON.parse(text) as { url: string; pid: number }
    // Signal 0 only asks whether the process is there: a server killed with -9 leaves the file behind.
    process.kill(pid, 0)
    const answer = await fetch(new URL('/health', url), { signal: AbortSignal.timeout(2000) })
    return answer.ok ? url : undefined
  } catch {
    return undefined
  }
}
