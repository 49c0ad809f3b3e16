import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

let server: ChildProcess | undefined

/** Starts one real PostgreSQL for the whole test run; every test file makes databases of its own in it. */
export async function globalSetup(): Promise<void> {
  if (process.env['DEVMLOPS_TEST_POSTGRES_URL'] !== undefined) return
  const child = spawn(process.execPath, [join(import.meta.dirname, 'postgres.server.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  server = child
  const ended = once(child, 'exit').then(() => '{"problem":"it ended before it answered"}')
  const line = once(createInterface({ input: child.stdout }), 'line').then(([text]) => text as string)
  const { url, problem } = JSON.parse(await Promise.race([line, ended])) as { url?: string; problem?: string }
  if (url !== undefined) process.env['DEVMLOPS_TEST_POSTGRES_URL'] = url
  if (problem !== undefined) process.env['DEVMLOPS_TEST_POSTGRES_PROBLEM'] = problem
}

export async function globalTeardown(): Promise<void> {
  if (server === undefined || server.exitCode !== null) return
  server.stdin?.end()
  await once(server, 'exit')
}
