import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createRandom } from '#platform/random'
import { openTables } from '#platform/tables/index'
import { ada, openWorkshop } from '../service.fixture.ts'

/** Starts an add and kills its process some time after it began. */
async function killedAfter(delayMs: number, directory: string, data: string): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--conditions=source', join(import.meta.dirname, '../versions/add.fixture.ts'), directory, data],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await wait(delayMs)
  child.kill('SIGKILL')
  await ended
}

const source = `d:
  source:
    sqlite: { path: shop.db, query: "SELECT * FROM events" }
    incremental: { cursor: at, lag: 5 }
`

for (const [what, more] of [
  ['appends without a key', '  mode: append'],
  ['upserts', '  mode: upsert\n  key: id'],
] as const) {
  test(`an incremental load that is killed at any moment skips no row and doubles none: it ${what}`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'devmlops-cursor-'))
    const data = source + more
    const random = createRandom(what.length)
    try {
      await (await openWorkshop(data, { directory }))[Symbol.asyncDispose]()
      const database = new DatabaseSync(join(directory, 'shop.db'))
      database.exec('CREATE TABLE events (id INTEGER, at INTEGER, v TEXT)')
      let last = 0
      const grow = (): void => {
        // Each tenth row comes late, within the lag.
        const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?)')
        database.exec('BEGIN')
        for (let row = 0; row < 2000; row++) {
          last++
          insert.run(last, Math.floor(last / 3) - (last % 10 === 0 ? 2 : 0), `v${last % 7}`)
        }
        database.exec('COMMIT')
      }
      for (const longestMs of [200, 600]) {
        grow()
        await killedAfter(random.uniform() * longestMs, directory, data)
      }
      grow()
      database.close()
      await using workshop = await openWorkshop(data, { directory })
      await workshop.service.add('d', {}, ada)
      const { relation, allowedPaths } = await workshop.service.open('d')
      const tables = await openTables({
        allowedDirectories: [],
        allowedPaths,
        temporaryDirectory: join(workshop.home, 'tmp'),
      })
      const [counts] = await tables.rows(
        `SELECT count(*) AS rows, count(DISTINCT id) AS ids, max(id) AS last FROM ${relation}`,
      )
      tables.close()
      assert.deepEqual(counts, { rows: last, ids: last, last })
      assert.equal((await workshop.service.add('d', {}, ada)).created, false)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
}
