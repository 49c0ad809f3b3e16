import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { noTinyDisk, tinyDisk } from '../tiny-disk.fixture.ts'
import { openDatabase, type Database } from './database.ts'
import { migrate, type Migration } from './migrations.ts'

type Tables = { notes: { id: number; text: string } }

const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'notes',
    up: async (query) => {
      await query.schema.createTable('notes').addColumn('id', 'bigint').addColumn('text', 'text').execute()
    },
  },
]

const notesOf = (database: Database) => database.query.withTables<Tables>()

async function write(database: Database, count: number): Promise<void> {
  for (let id = 0; id < count; id++) {
    await notesOf(database)
      .insertInto('notes')
      .values({ id, text: 'x'.repeat(10_000) })
      .execute()
  }
}

describe('an embedded store', () => {
  let home = ''
  before(() => (home = mkdtempSync(join(tmpdir(), 'devmlops-database-'))))
  after(() => rmSync(home, { recursive: true }))

  it('can be read while another process writes to it, and written only by the one that opened it to write', async () => {
    const path = join(home, 'shared.db')
    const writer = await openDatabase({ path })
    await migrate(writer, migrations, 0)
    await write(writer, 1)
    const reader = await openDatabase({ path, readOnly: true })
    await write(writer, 1)
    assert.equal((await notesOf(reader).selectFrom('notes').selectAll().execute()).length, 2)
    await assert.rejects(write(reader, 1), {
      code: 'permission_denied',
      message: /shared\.db cannot be written/,
    })
    await Promise.all([reader.close(), writer.close()])
  })

  it('that is damaged is told from one that is empty', async () => {
    const path = join(home, 'damaged.db')
    writeFileSync(path, 'no database at all, but long enough to be taken for one'.repeat(100))
    await assert.rejects(
      openDatabase({ path }).then((database) => migrate(database, migrations, 0)),
      { code: 'storage_corrupt' },
    )
    assert.match(readFileSync(path, 'utf8'), /^no database at all/, 'it is left as it is')
  })

  it('that is not there cannot be looked at', async () => {
    const database = await openDatabase({ path: join(home, 'none.db'), readOnly: true })
    await assert.rejects(notesOf(database).selectFrom('notes').selectAll().execute(), {
      code: 'permission_denied',
      message: /none\.db/,
    })
  })

  it('on a full disk says so, and keeps what it had', async (context) => {
    const disk = tinyDisk(4_000_000)
    if (disk === undefined) return context.skip(noTinyDisk)
    try {
      const database = await openDatabase({ path: join(disk.directory, 'store.db') })
      await migrate(database, migrations, 0)
      await write(database, 3)
      disk.fill(50_000)
      await assert.rejects(write(database, 200), { code: 'storage_full', message: /store\.db is full/ })
      const kept = await notesOf(database).selectFrom('notes').selectAll().execute()
      assert.ok(kept.length >= 3)
      assert.ok(kept.every(({ text }) => text.length === 10_000))
      disk.fill(4_000_000)
      await write(database, 3)
      await database.close()
    } finally {
      disk.remove()
    }
  })

  it('is its owner’s alone', async () => {
    const folder = join(home, 'private')
    const database = await openDatabase({ path: join(folder, 'store.db') })
    await migrate(database, migrations, 0)
    await database.close()
    const { mode } = await import('node:fs/promises').then(({ stat }) => stat(folder))
    assert.equal(mode & 0o077, 0)
    chmodSync(folder, 0o700)
  })
})

describe('a PostgreSQL that cannot be used', () => {
  it('is named with host and database, and never with its password', async () => {
    const server = createServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const database = await openDatabase({ url: `postgres://ada:s3cret@127.0.0.1:${port}/metadata` })
    await assert.rejects(migrate(database, migrations, 0), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'server_unreachable')
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}/metadata`))
      assert.doesNotMatch(error.message, /s3cret/)
      return true
    })
    await database.close()
  })
})
