import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openDatabase } from './database.ts'
import { isMigrated, migrate, type Migration } from './migrations.ts'
import { forEachEngine, freshDatabase } from './testing.ts'

function tableMigration(number: number, ran: number[] = []): Migration {
  return {
    number,
    name: `table ${number}`,
    up: async (query) => {
      ran.push(number)
      await query.schema.createTable(`table_${number}`).addColumn('id', 'text').execute()
    },
  }
}

forEachEngine('migrations', [], (open, engine) => {
  it('run once each, in the order of their numbers, whatever the order of their list', async () => {
    const database = await open()
    const ran: number[] = []
    await migrate(database, [tableMigration(12, ran), tableMigration(3, ran)], 0)
    await migrate(database, [tableMigration(12, ran), tableMigration(3, ran), tableMigration(5, ran)], 0)
    assert.deepEqual(ran, [3, 12, 5])
    await database.close()
  })

  it('leave nothing of a step that fails, and run it again next time', async () => {
    const database = await open()
    const failing: Migration = {
      ...tableMigration(2),
      up: async (query, engine) => {
        await tableMigration(2).up(query, engine)
        throw new Error('power cut')
      },
    }
    await assert.rejects(migrate(database, [tableMigration(1), failing], 0), /power cut/)
    assert.equal(await isMigrated(database, [tableMigration(1)]), true)
    assert.equal(await isMigrated(database, [tableMigration(1), tableMigration(2)]), false)
    await migrate(database, [tableMigration(1), tableMigration(2)], 0)
    assert.equal(await isMigrated(database, [tableMigration(1), tableMigration(2)]), true)
    await database.close()
  })

  it('refuse a store that a newer program wrote, also when its step has a low number', async () => {
    const database = await open()
    await migrate(database, [tableMigration(1), tableMigration(11), tableMigration(20)], 0)
    const older = [tableMigration(1), tableMigration(20)]
    await assert.rejects(migrate(database, older, 0), { code: 'conflict', message: /newer DevMLOps.* 11/ })
    await assert.rejects(isMigrated(database, older), { code: 'conflict' })
    await database.close()
  })

  it(
    'can be asked for by several processes at once on PostgreSQL',
    { skip: engine === 'sqlite' },
    async () => {
      const url = await freshDatabase()
      const ran: number[] = []
      const databases = await Promise.all(Array.from({ length: 4 }, () => openDatabase({ url })))
      await Promise.all(
        databases.map((database) => migrate(database, [tableMigration(1, ran), tableMigration(2, ran)], 0)),
      )
      assert.deepEqual(ran, [1, 2])
      await Promise.all(databases.map((database) => database.close()))
    },
  )
})
