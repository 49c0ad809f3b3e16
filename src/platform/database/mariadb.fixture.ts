import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

export interface FixtureMariadb extends AsyncDisposable {
  readonly url: string
  run(sql: string): Promise<void>
  /** Ends the connections of the user that the URL names, as an operator would. */
  killReaders(): Promise<void>
}

const server = ['/usr/sbin/mariadbd', '/usr/sbin/mysqld', '/usr/bin/mariadbd'].find((path) =>
  existsSync(path),
)
const install = ['/usr/bin/mariadb-install-db', '/usr/bin/mysql_install_db'].find((path) => existsSync(path))

/** Why there is none, for tests that are left out visibly. */
export const mariadbProblem =
  server === undefined || install === undefined ? 'MariaDB is not installed here' : undefined

/** A real MariaDB as a child process on a folder of its own. */
export async function openMariadb(): Promise<FixtureMariadb> {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-mariadb-'))
  const port = await freePort()
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  execFileSync(
    install ?? '',
    [
      `--datadir=${join(directory, 'data')}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      ...user,
    ],
    { stdio: 'ignore' },
  )
  const child = spawn(
    server ?? '',
    [
      '--no-defaults',
      `--datadir=${join(directory, 'data')}`,
      `--socket=${join(directory, 'socket')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-buffer-pool-size=32M',
      '--skip-log-bin',
      '--character-set-server=utf8mb4',
      ...user,
    ],
    { stdio: 'ignore' },
  )
  const { default: mysql } = await import('mysql2')
  const run = async (sql: string): Promise<void> => void (await rowsOf(sql))
  const rowsOf = (sql: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const connection = mysql.createConnection({
        host: '127.0.0.1',
        port,
        user: 'root',
        multipleStatements: true,
      })
      connection.on('error', () => undefined)
      connection.query(sql, (error, rows) => {
        connection.destroy()
        return error === null ? resolve(rows) : reject(error)
      })
    })
  for (let attempt = 0; ; attempt++) {
    const problem = await run('SELECT 1').then(
      () => undefined,
      (error: unknown) => error,
    )
    if (problem === undefined) break
    if (attempt > 200 || child.exitCode !== null) throw new Error('MariaDB did not start', { cause: problem })
    await pause(50)
  }
  await run(
    `CREATE DATABASE shop; CREATE USER 'reader'@'127.0.0.1' IDENTIFIED BY 'p@ss/word'; GRANT ALL ON shop.* TO 'reader'@'127.0.0.1'`,
  )
  return {
    url: `mysql://reader:${encodeURIComponent('p@ss/word')}@127.0.0.1:${port}/shop`,
    run: (sql) => run(`USE shop; ${sql}`),
    killReaders: async () => {
      const list = await rowsOf(`SELECT id FROM information_schema.processlist WHERE user = 'reader'`)
      for (const { id } of list as { id: number }[]) await run(`KILL ${id}`)
    },
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
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
