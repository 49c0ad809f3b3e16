import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { createArrivals, type ArrivalsService } from '../arrivals/arrivals-service.ts'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'
import { createDataStore } from '../store.ts'

function arrivalsOf({ platform, project, service }: Workshop): ArrivalsService {
  return createArrivals({ platform, project, service, store: createDataStore(platform.database) })
}

const section = (contract: string, more = ''): string =>
  `d:\n  source: { files: "*.csv" }\n  contract: ${contract}\n${more}`

test('evolve adds columns and widens types, and says so', async () => {
  await using workshop = await openWorkshop(section('evolve'))
  await workshop.write('1.csv', ['a,b,c', '1,x,2024-01-01', '2,y,2024-01-02'])
  await workshop.service.add('d', {}, ada)
  await workshop.write('2.csv', ['a,c,d', '1.5,2024-01-03 10:00:00,new'])
  const { version, arrivals } = await workshop.service.add('d', {}, ada)
  assert.deepEqual([version?.rows, version?.outcome], [3, 'warn'])
  assert.deepEqual(arrivals.at(-1)?.validation?.warnings, [
    'column "a" was integer and holds number now',
    'column "c" was date and holds timestamp now',
    'column "d" (text) is new',
    'column "b" is missing and reads as empty',
  ])
  const { columns } = await workshop.service.get('d', 2)
  assert.deepEqual(
    columns.map(({ name, type }) => `${name} ${type}`),
    ['a number', 'b text', 'c timestamp', 'd text'],
  )
  const { rows } = await workshop.service.head('d', 2, 10)
  assert.deepEqual(rows[0], { a: 1, b: 'x', c: '2024-01-01 00:00:00', d: null })
  assert.deepEqual(rows[2], { a: 1.5, b: null, c: '2024-01-03 10:00:00', d: 'new' })
})

test('freeze refuses what differs, also where all rows are replaced', async () => {
  await using workshop = await openWorkshop(section('freeze', '  mode: replace'))
  await workshop.write('1.csv', ['a,b', '1,x'])
  await workshop.service.add('d', {}, ada)
  await workshop.write('1.csv', ['a,b,c', '1,x,9'])
  const { created, arrivals } = await workshop.service.add('d', {}, ada)
  assert.equal(created, false)
  assert.match(arrivals[0]?.rejection?.message ?? '', /column "c" is not expected/)
})

test('quarantine keeps the rows at fault out, with file, row, column, value and rule', async () => {
  await using workshop = await openWorkshop(
    section(
      '{ columns: quarantine, types: quarantine }',
      '  expectations:\n    - between: { column: a, minimum: 0 }\n      severity: quarantine\n    - mean: { column: a, maximum: 10 }',
    ),
  )
  await workshop.write('1.csv', ['a,b', '1,x', '2,y'])
  await workshop.service.add('d', {}, ada)
  const bytes = await workshop.write('2.csv', ['a,b,c', '3,x,', 'four,y,', '-5,z,', '6,z,surprise', '7,u,'])
  const { version, arrivals } = await workshop.service.add('d', {}, ada)
  assert.deepEqual(
    [version?.version, version?.rows, version?.quarantined, version?.outcome],
    [2, 4, 3, 'warn'],
  )
  assert.match(arrivals.at(-1)?.validation?.warnings[0] ?? '', /^3 rows of 2\.csv are in quarantine: /)
  const { columns, originals, parts } = await workshop.service.get('d', 2)
  assert.deepEqual(
    columns.map(({ name, type }) => `${name} ${type}`),
    ['a integer', 'b text'],
  )
  assert.deepEqual([originals[0]?.path, parts[1]?.rows], ['2.csv', 2])
  assert.ok(bytes)
  const page = await arrivalsOf(workshop).quarantine('d', { version: 2, limit: 2 })
  assert.deepEqual(page.items, [
    {
      version: 2,
      file: '2.csv',
      row: 2,
      reasons: [{ column: 'a', value: 'four', rule: 'the value is no integer' }],
      values: { a: 'four', b: 'y', c: null },
    },
    {
      version: 2,
      file: '2.csv',
      row: 3,
      reasons: [{ column: 'a', value: '-5', rule: 'a is at least 0' }],
      values: { a: '-5', b: 'z', c: null },
    },
  ])
  const rest = await arrivalsOf(workshop).quarantine('d', { version: 2, limit: 2, after: page.next })
  assert.deepEqual(
    rest.items.map(({ row, reasons }) => [row, reasons[0]?.rule]),
    [[4, 'the contract has no such column']],
  )
  assert.equal(rest.next, undefined)
  const arrived = (await workshop.events()).filter(({ type }) => type === 'data.arrived')
  assert.equal(arrived.at(-1)?.payload['quarantined'], 3)
  assert.equal((await workshop.service.add('d', {}, ada)).created, false)
})

test('where every row is at fault the arrival is refused', async () => {
  await using workshop = await openWorkshop(section('quarantine'))
  await workshop.write('1.csv', ['a,b', '1,x'])
  await workshop.service.add('d', {}, ada)
  await workshop.write('2.csv', ['a', '1'])
  const { created, arrivals } = await workshop.service.add('d', {}, ada)
  assert.equal(created, false)
  assert.match(
    arrivals.at(-1)?.rejection?.message ?? '',
    /Every row of 2\.csv would be put in quarantine: column "b": the column is missing \(1\)/,
  )
})

test('rows leave the quarantine when the rules change, or stay with what is still wrong', async () => {
  const expectation = (minimum: number): string =>
    `  expectations:\n    - between: { column: a, minimum: ${minimum} }\n      severity: quarantine`
  await using workshop = await openWorkshop(`d:\n  source: { files: "*.csv" }\n${expectation(0)}`)
  await workshop.write('1.csv', ['a', '1', '-1', '-10'])
  const { version } = await workshop.service.add('d', {}, ada)
  assert.deepEqual([version?.rows, version?.quarantined], [1, 2])
  const same = await arrivalsOf(workshop).release('d', {}, ada)
  assert.equal(same.created, false)
  await workshop.describe(`d:\n  source: { files: "*.csv" }\n${expectation(-5)}`)
  const released = await arrivalsOf(workshop).release('d', {}, ada)
  assert.deepEqual(
    [released.version?.version, released.version?.rows, released.version?.quarantined],
    [2, 2, 1],
  )
  const { items } = await arrivalsOf(workshop).quarantine('d', { limit: 10 })
  assert.deepEqual(
    items.map(({ version: number, values }) => [number, values['a']]),
    [[2, -10]],
  )
  assert.equal((await arrivalsOf(workshop).quarantine('d', { version: 1, limit: 10 })).items.length, 2)
})

test('rows of a query stay in quarantine once, however often they are fetched, until they are corrected', async () => {
  await using workshop = await openWorkshop(`d:
  source:
    sqlite: { path: shop.db, query: "SELECT * FROM orders" }
    incremental: { cursor: at, lag: 100 }
  mode: upsert
  key: id
  expectations:
    - between: { column: amount, minimum: 0 }
      severity: quarantine`)
  const database = new DatabaseSync(join(workshop.directory, 'shop.db'))
  database.exec('CREATE TABLE orders (id INTEGER, amount INTEGER, at INTEGER)')
  database.exec('INSERT INTO orders VALUES (1, 5, 100), (2, -5, 101)')
  const { version } = await workshop.service.add('d', {}, ada)
  assert.deepEqual([version?.rows, version?.quarantined], [1, 1])
  assert.equal((await workshop.service.add('d', {}, ada)).created, false)
  database.exec('INSERT INTO orders VALUES (3, 6, 102)')
  const next = await workshop.service.add('d', {}, ada)
  assert.deepEqual([next.version?.rows, next.version?.quarantined], [2, 0])
  database.exec('UPDATE orders SET amount = 7, at = 103 WHERE id = 2')
  const corrected = await workshop.service.add('d', {}, ada)
  assert.deepEqual([corrected.version?.rows, corrected.version?.quarantined], [3, 0])
  assert.equal((await arrivalsOf(workshop).quarantine('d', { limit: 10 })).rows, 1)
  database.close()
})

test('what is masked is masked in the quarantine too', async () => {
  await using workshop = await openWorkshop(`d:
  source: { files: "*.csv" }
  columns: { mail: { class: personal } }
  expectations:
    - matches: { column: mail, pattern: "@" }
      severity: quarantine`)
  await workshop.write('1.csv', ['id,mail', '1,ann@example.com', '2,bob.example.com'])
  await workshop.service.add('d', {}, ada)
  const page = await arrivalsOf(workshop).quarantine('d', { limit: 10 })
  assert.equal(page.items[0]?.row, 2)
  assert.equal(page.items[0]?.reasons[0]?.value, null)
  assert.ok(!JSON.stringify(page).includes('bob.example'), JSON.stringify(page))
})

test('a row that leaves the quarantine does not replace the newer one with its key', async () => {
  const data = (minimum: number): string => `d:
  source: { files: "*.csv" }
  mode: upsert
  key: id
  expectations:
    - between: { column: amount, minimum: ${minimum} }
      severity: quarantine`
  await using workshop = await openWorkshop(data(0))
  await workshop.write('1.csv', ['id,amount', '1,-1', '2,-2', '3,3'])
  await workshop.service.add('d', {}, ada)
  await workshop.write('2.csv', ['id,amount', '1,10'])
  await workshop.service.add('d', {}, ada)
  await workshop.describe(data(-9))
  const { version } = await arrivalsOf(workshop).release('d', {}, ada)
  assert.deepEqual([version?.version, version?.quarantined], [3, 0])
  const { rows } = await workshop.service.head('d', 3, 10)
  assert.deepEqual(rows, [
    { id: 1, amount: 10 },
    { id: 2, amount: -2 },
    { id: 3, amount: 3 },
  ])
})
