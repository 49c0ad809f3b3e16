import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'

export interface DurablePostgres {
  /** A new, empty database. */
  fresh(name: string): Promise<string>
  stop(): Promise<void>
}

/** A PostgreSQL that waits for the disk, where the package that brings one is installed; else what is in the way. */
export async function startPostgres(): Promise<DurablePostgres | { readonly problem: string }> {
  const script = join(import.meta.dirname, '..', '..', 'test', 'postgres.server.ts')
  const child = spawn(process.execPath, [script, '--durable'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(child, 'exit').then(() => '{"problem":"it ended before it answered"}')
  const line = once(createInterface({ input: child.stdout }), 'line').then(([text]) => text as string)
  const { url, problem = 'it did not start' } = JSON.parse(await Promise.race([line, ended])) as {
    url?: string
    problem?: string
  }
  if (url === undefined) return { problem }
  return {
    fresh: async (name) => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(`create database ${name}`)
      await client.end()
      const fresh = new URL(url)
      fresh.pathname = `/${name}`
      return fresh.toString()
    },
    stop: async () => {
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}
