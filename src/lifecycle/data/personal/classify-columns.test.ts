import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { openTables, quoteText, type Tables } from '#platform/tables/index'
import { columnTypeOf } from '../rows/column-type.ts'
import type { ClassProposal } from './class-proposal.ts'
import { classifyColumns } from './classify-columns.ts'

const data = join(import.meta.dirname, '../../../../../shared/data')
const hasData = existsSync(data)

async function withTables<T>(use: (tables: Tables) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'devmlops-classify-'))
  const tables = await openTables({ allowedDirectories: [data], temporaryDirectory: directory })
  try {
    return await use(tables)
  } finally {
    tables.close()
    await rm(directory, { recursive: true, force: true })
  }
}

async function proposalsOf(relation: string): Promise<ClassProposal[]> {
  return withTables(async (tables) => {
    const described = await tables.columns(`SELECT * FROM ${relation}`)
    const columns = described.map(({ name, type }) => ({ name, type: columnTypeOf(type), sqlType: type }))
    return classifyColumns(tables, { relation, columns })
  })
}

const publicFiles: Readonly<Record<string, readonly string[]>> = {
  // The census has a column for race, which is a special category; nothing else in it names a person.
  'adult_train.csv': ['race: special'],
  'adult_test.csv': ['race: special'],
  'housing.csv': [],
  'bike_hour.csv': [],
  'taxi/yellow_tripdata_sample_2018-08.csv': [],
  'taxi/yellow_tripdata_sample_2019-02.csv': [],
}

for (const [file, expected] of Object.entries(publicFiles)) {
  void test(`raises nothing wrong on ${file}`, { skip: hasData ? false : 'no ../shared/data' }, async () => {
    for (const types of ['', ', all_varchar = true']) {
      const relation = `read_csv(${quoteText(join(data, file))}, strict_mode = false${types})`
      const found = await proposalsOf(relation)
      assert.deepEqual(
        found.map(({ column, class: found }) => `${column}: ${found}`),
        expected,
      )
    }
  })
}

void test('numbers that only look like ids, cards or phones are no one’s', async () => {
  const found = await proposalsOf(
    `(SELECT i AS order_id, 1000000000 + i * 7919 AS customer, hash(i) % 10000000000000000 AS session,
        CAST(100000000 + hash(i) % 900000000 AS VARCHAR) AS reference, 1546300800000 + i * 1000 AS at_ms,
        lpad(CAST(i AS VARCHAR), 11, '0') AS code, printf('%d.%d', i % 20, i % 10) AS version,
        printf('%03d-%04d', i % 1000, i) AS part, uuid() AS token_id, strftime(DATE '2020-01-01' + CAST(i AS INTEGER), '%d/%m/%Y') AS day,
        '2019-01-0' || (1 + i % 9) AS text_day, printf('%d:%02d', i % 24, i % 60) AS clock, 4000000000000000 + i AS big
      FROM range(2000) t(i))`,
  )
  assert.deepEqual(found, [])
})

void test('says what a column looks like, how many values say so, and none of the values', async () => {
  const found = await proposalsOf(
    `(SELECT 'person' || i || '@example.com' AS contact, CASE WHEN i % 4 = 0 THEN NULL ELSE '+49 30 90182' || lpad(CAST(i AS VARCHAR), 3, '0') END AS reachable,
        '4111 1111 1111 1111' AS n0, 'Ada' AS first_name, DATE '1990-01-01' + CAST(i AS INTEGER) AS geburtsdatum,
        219090001 + i AS ssn, CASE WHEN i % 10 = 0 THEN 'write to a' || i || '@example.com please' ELSE 'thanks ' || i END AS remark,
        '10.0.' || (i % 200) || '.7' AS host, 'key' || i AS api_key
      FROM range(400) t(i))`,
  )
  const shown = found.map(({ column, detector, class: found, evidence }) => [
    column,
    detector,
    found,
    evidence,
  ])
  assert.deepEqual(shown, [
    ['contact', 'e-mail address', 'personal', 'values'],
    ['reachable', 'phone number', 'personal', 'values'],
    ['first_name', 'name of a person', 'personal', 'name'],
    ['geburtsdatum', 'date of birth', 'personal', 'name'],
    ['ssn', 'US social security number', 'personal', 'values and name'],
    ['remark', 'e-mail address', 'personal', 'inside of texts'],
    ['host', 'IP address', 'personal', 'values'],
    ['api_key', 'secret', 'confidential', 'name'],
  ])
  const reachable = found.find(({ column }) => column === 'reachable')
  assert.equal(reachable?.considered, 300)
  assert.equal(reachable?.matching, 300)
  assert.doesNotMatch(JSON.stringify(found), /example\.com|90182|4111/)
})

void test('a sample of a large table is enough, wherever in it the values stand', async () => {
  const found = await withTables(async (tables) => {
    await tables.run(
      `CREATE TABLE t AS SELECT CASE WHEN i > 600000 THEN i || '@example.com' END AS a FROM range(1000000) t(i)`,
    )
    const columns = [{ name: 'a', type: 'text' as const, sqlType: 'VARCHAR' }]
    return classifyColumns(tables, { relation: 't', columns, rows: 1_000_000 })
  })
  assert.equal(found[0]?.detector, 'e-mail address')
  assert.ok((found[0]?.considered ?? 0) < 50_000)
})
