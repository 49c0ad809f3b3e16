import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openDatabase, type Database } from './database.ts'
import { migrate, type Migration } from './migrations.ts'
import type * as fixture from './reader.fixture.ts'
import { Reader } from './reader.ts'
import { forEachEngine } from './testing.ts'

type Tables = { notes: { id: number; text: string } }
const module = import.meta.resolve('#platform/database/reader.fixture')
const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'notes',
    up: async (query) => {
      await query.schema.createTable('notes').addColumn('id', 'bigint').addColumn('text', 'text').execute()
    },
  },
]

async function addNote(database: Database, id: number): Promise<void> {
  await database.query.withTables<Tables>().insertInto('notes').values({ id, text: '' }).execute()
}

const countNotes = (database: Database, least = 0) =>
  database.readAside<typeof fixture.countNotes>({ module, name: 'countNotes' }, least)

describe('reading beside the main thread', () => {
  let home = ''
  let database: Database
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'devmlops-reader-'))
    database = await openDatabase({ path: join(home, 'store.db') })
    await migrate(database, migrations, 0)
  })
  after(async () => {
    await database.close()
    rmSync(home, { recursive: true })
  })

  it('sees every write that was acknowledged before', async () => {
    for (let id = 0; id < 20; id += 1) {
      await addNote(database, id)
      assert.equal(await countNotes(database), id + 1)
    }
    assert.equal(await countNotes(database, 15), 5)
  })

  it('lets the main thread write meanwhile', async () => {
    const slow = database.readAside<typeof fixture.countSlowly>({ module, name: 'countSlowly' }, 1_000_000)
    let written = 0
    const read = slow.then(() => written)
    for (; written < 5; written += 1) await addNote(database, 100 + written)
    assert.equal(await read, 5, 'all five were stored before the read ended')
  })

  it('hands bytes over whole', async () => {
    const answer = await database.readAside<typeof fixture.bytes>({ module, name: 'bytes' }, 1_000_000)
    assert.equal(answer.all.length, 1_000_000)
    assert.ok(answer.all.every((byte) => byte === 7))
    assert.deepEqual([...answer.part], [2, 3])
  })

  it('passes errors on as they are', async () => {
    await assert.rejects(database.readAside<typeof fixture.refuse>({ module, name: 'refuse' }, undefined), {
      code: 'invalid_input',
      message: 'Not like this.',
      hint: 'Like that.',
      at: 'filter',
    })
    await assert.rejects(database.readAside<typeof fixture.refuse>({ module, name: 'nothing' }, undefined), {
      code: 'internal',
    })
  })

  it('cannot write', async () => {
    await assert.rejects(
      database.readAside<typeof fixture.writeNote>({ module, name: 'writeNote' }, undefined),
      { code: 'permission_denied' },
    )
  })

  it('survives a thread that dies', async () => {
    await assert.rejects(database.readAside<typeof fixture.die>({ module, name: 'die' }, undefined), {
      code: 'internal',
    })
    assert.equal(await countNotes(database, 99), 5)
  })

  it('takes an aborted call out of the queue, and drops the answer of one that runs', async () => {
    const reader = new Reader({ path: join(home, 'store.db') }, { threads: 1 })
    const call = { module, name: 'countSlowly', input: 200_000 }
    const [running, queued] = [new AbortController(), new AbortController()]
    const first = reader.read(call, running.signal)
    const second = reader.read(call, queued.signal)
    const third = reader.read({ ...call, input: 5 })
    running.abort()
    queued.abort()
    await assert.rejects(first, { code: 'cancelled' })
    await assert.rejects(second, { code: 'cancelled' })
    await assert.rejects(reader.read(call, AbortSignal.abort()), { code: 'cancelled' })
    assert.equal(await third, 5)
    await reader.close()
  })

  it('refuses more than may wait', async () => {
    const reader = new Reader({ path: join(home, 'store.db') }, { threads: 1, mostWaiting: 2 })
    const call = { module, name: 'countSlowly', input: 10 }
    const taken = [reader.read(call), reader.read(call), reader.read(call)]
    await assert.rejects(reader.read(call), { code: 'rate_limited' })
    assert.deepEqual(await Promise.all(taken), [10, 10, 10])
    await reader.close()
  })

  it('ends its threads when idle, starts them again, and ends them with the store', async () => {
    const reader = new Reader({ path: join(home, 'store.db') }, { threads: 2, idleMs: 1 })
    const call = { module, name: 'countSlowly', input: 10 }
    assert.equal(reader.size, 0, 'none before there is work')
    await Promise.all([reader.read(call), reader.read(call), reader.read(call)])
    while (reader.size > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    assert.equal(await reader.read(call), 10)
    const unfinished = assert.rejects(reader.read({ ...call, input: 5_000_000 }), { code: 'not_ready' })
    await reader.close()
    await unfinished
    await assert.rejects(reader.read(call), { code: 'not_ready' })
  })
})

forEachEngine('reading aside', migrations, (open) => {
  it('answers the same, thread or not', async () => {
    const database = await open()
    await addNote(database, 1)
    assert.equal(await countNotes(database), 1)
    await database.close()
  })
})
