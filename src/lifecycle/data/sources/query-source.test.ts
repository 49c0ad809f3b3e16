import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openTables } from '#platform/tables/index'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'

function databaseIn(workshop: Workshop, statements: string): DatabaseSync {
  mkdirSync(workshop.directory, { recursive: true })
  const database = new DatabaseSync(join(workshop.directory, 'shop.db'))
  database.exec(statements)
  return database
}

async function rowsOf(workshop: Workshop, reference: string, order: string): Promise<unknown[]> {
  const { relation, allowedPaths } = await workshop.service.open(reference)
  const tables = await openTables({
    allowedDirectories: [],
    allowedPaths,
    temporaryDirectory: join(workshop.home, 'tmp'),
  })
  try {
    return await tables.rows(`SELECT * FROM ${relation} ORDER BY ${order}`)
  } finally {
    tables.close()
  }
}

const orders = (more: string): string => `orders:
  source:
    sqlite: { path: shop.db, query: "SELECT id, amount, changed FROM orders" }
${more}`

const table = 'CREATE TABLE orders (id INTEGER, amount REAL, changed TEXT)'

test('a query is a version; the same rows again, in whatever order, are none', async () => {
  await using workshop = await openWorkshop(orders(''))
  const database = databaseIn(
    workshop,
    `${table}; INSERT INTO orders VALUES (2, 2.5, NULL), (1, 1.5, '2024-01-01')`,
  )
  const first = await workshop.service.add('orders', {}, ada)
  assert.deepEqual([first.created, first.version?.rows], [true, 2])
  database.exec(`DELETE FROM orders; INSERT INTO orders VALUES (1, 1.5, '2024-01-01'), (2, 2.5, NULL)`)
  assert.equal((await workshop.service.add('orders', {}, ada)).created, false)
  database.exec('UPDATE orders SET amount = 3 WHERE id = 2')
  const next = await workshop.service.add('orders', {}, ada)
  assert.deepEqual([next.version?.version, next.version?.rows], [2, 2])
  const { source, columns } = await workshop.service.get('orders', 2)
  assert.deepEqual(source, {
    kind: 'query',
    engine: 'sqlite',
    database: 'shop.db',
    query: 'SELECT id, amount, changed FROM orders',
  })
  assert.deepEqual(
    columns.map(({ sqlType }) => sqlType),
    ['BIGINT', 'DOUBLE', 'VARCHAR'],
  )
  database.close()
})

test('an incremental load appends what is new, and tells rows at the boundary by their key', async () => {
  await using workshop = await openWorkshop(
    orders('    incremental: { cursor: changed, lag: 1h }\n  key: id\n  mode: append'),
  )
  const database = databaseIn(
    workshop,
    `${table}; INSERT INTO orders VALUES (1, 1, '2024-01-01 10:00:00'), (2, 2, '2024-01-01 11:00:00')`,
  )
  await workshop.service.add('orders', {}, ada)
  // The third has the time of the second; the fourth comes late.
  database.exec(`INSERT INTO orders VALUES (3, 3, '2024-01-01 11:00:00'), (4, 4, '2024-01-01 10:30:00')`)
  const { version } = await workshop.service.add('orders', {}, ada)
  assert.deepEqual([version?.version, version?.rows], [2, 4])
  assert.equal((await workshop.service.add('orders', {}, ada)).created, false)
  const { source } = await workshop.service.get('orders', 2)
  assert.deepEqual('cursor' in source && source.cursor, { column: 'changed', value: '2024-01-01 11:00:00' })
  database.close()
})

test('an append says how many rows have changed at the source since they were taken', async () => {
  await using workshop = await openWorkshop(
    orders('    incremental: { cursor: changed }\n  key: id\n  mode: append'),
  )
  const database = databaseIn(
    workshop,
    `${table}; INSERT INTO orders VALUES (1, 1, '2024-01-01 10:00:00'), (2, 2, '2024-01-01 11:00:00')`,
  )
  await workshop.service.add('orders', {}, ada)
  database.exec(`UPDATE orders SET amount = 9, changed = '2024-01-01 12:00:00' WHERE id = 1;
    INSERT INTO orders VALUES (3, 3, '2024-01-01 12:00:00')`)
  const { version, arrivals } = await workshop.service.add('orders', {}, ada)
  assert.equal(version?.rows, 3)
  assert.match(
    arrivals[0]?.validation?.warnings.join() ?? '',
    /1 rows were taken earlier and have changed since/,
  )
  database.close()
})

test('without a key, equal rows are told by how many of them there are', async () => {
  await using workshop = await openWorkshop(orders('    incremental: { cursor: changed }\n  mode: append'))
  const database = databaseIn(
    workshop,
    `${table}; INSERT INTO orders VALUES (1, 1, '2024-01-01'), (1, 1, '2024-01-01')`,
  )
  assert.equal((await workshop.service.add('orders', {}, ada)).version?.rows, 2)
  assert.equal((await workshop.service.add('orders', {}, ada)).created, false)
  database.exec(`INSERT INTO orders VALUES (1, 1, '2024-01-01')`)
  assert.equal((await workshop.service.add('orders', {}, ada)).version?.rows, 3)
  database.close()
})

test('an upsert keeps the newest row of each key, and removes what is marked as deleted', async () => {
  await using workshop = await openWorkshop(`orders:
  source:
    sqlite: { path: shop.db, query: "SELECT * FROM orders" }
    incremental: { cursor: changed, lag: 10 }
  mode: upsert
  key: id
  deleted: gone`)
  const database = databaseIn(
    workshop,
    `CREATE TABLE orders (id INTEGER, amount REAL, changed INTEGER, gone BOOLEAN);
     INSERT INTO orders VALUES (1, 1, 100, 0), (2, 2, 100, 0), (3, 3, 101, 0)`,
  )
  await workshop.service.add('orders', {}, ada)
  database.exec(
    'UPDATE orders SET amount = 20, changed = 105 WHERE id = 2; UPDATE orders SET gone = 1, changed = 106 WHERE id = 1',
  )
  const { version } = await workshop.service.add('orders', {}, ada)
  assert.deepEqual([version?.version, version?.rows], [2, 2])
  assert.deepEqual(
    (await rowsOf(workshop, 'orders', 'id')).map((row) => Object.values(row as object)),
    [
      [2, 20, 105, false],
      [3, 3, 101, false],
    ],
  )
  const again = await workshop.service.add('orders', {}, ada)
  assert.deepEqual([again.created, again.arrivals[0]?.state], [false, 'known'])
  database.close()
})

test('files can be upserted too: the later file wins, and the files themselves are kept', async () => {
  await using workshop = await openWorkshop('d:\n  source: { files: "*.csv" }\n  mode: upsert\n  key: id')
  await workshop.write('1.csv', ['id,v', '1,a', '2,b'])
  await workshop.service.add('d', {}, ada)
  await workshop.write('2.csv', ['id,v', '2,c', '2,d', '3,e'])
  const { version } = await workshop.service.add('d', {}, ada)
  assert.deepEqual([version?.version, version?.rows], [2, 3])
  assert.deepEqual(await rowsOf(workshop, 'd', 'id'), [
    { id: 1, v: 'a' },
    { id: 2, v: 'd' },
    { id: 3, v: 'e' },
  ])
  const { originals } = await workshop.service.get('d', 2)
  assert.deepEqual(
    originals.map(({ path }) => path),
    ['1.csv', '2.csv'],
  )
  for (const { digest } of originals) await workshop.platform.files.localPath(digest)
  assert.equal((await workshop.service.add('d', {}, ada)).created, false)
})

test('only one SELECT is run, and nothing leads out of the project', async () => {
  for (const [query, expected] of [
    ['DELETE FROM orders', /begins with "DELETE"; one SELECT is expected/],
    ['SELECT 1 AS a; DROP TABLE orders', /several statements/],
    ['SELECT 1 AS a) x; --', /several statements/],
    ['SELECT * FROM nowhere', /refused the query: no such table: nowhere/],
    ['SELECT 1 AS a, 2 AS A', /two columns "A"/],
  ] as const) {
    await using workshop = await openWorkshop(
      `d:\n  source: { sqlite: { path: shop.db, query: "${query}" } }`,
    )
    databaseIn(workshop, table).close()
    await assert.rejects(workshop.service.add('d', {}, ada), expected)
    assert.equal((await workshop.service.list())[0]?.latest, null)
  }
})
