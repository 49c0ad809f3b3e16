import { spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import type { S3Place } from './version-tools.ts'

const port = 5917

/** An S3 server (moto, from pip) that both sides use; undefined where it is not installed. */
export async function startS3Server(
  python: string | undefined,
): Promise<(S3Place & { stop(): void }) | undefined> {
  if (python === undefined) return undefined
  const server = spawn(python, ['-m', 'moto.server', '-p', String(port)], { stdio: 'ignore' })
  const endpoint = `http://127.0.0.1:${port}`
  for (let attempt = 0; attempt < 100 && server.exitCode === null; attempt++) {
    const answer = await fetch(`${endpoint}/benchmark`, { method: 'PUT' }).catch(() => undefined)
    if (answer?.ok === true) return { endpoint, bucket: 'benchmark', stop: () => server.kill() }
    await pause(200)
  }
  server.kill()
  console.log('  S3: skipped; the Python has no moto[server]')
  return undefined
}
