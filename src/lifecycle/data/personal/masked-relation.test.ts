import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { inspect } from 'node:util'
import { openTables, quoteText, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { maskActionSchema, type ColumnClasses } from './column-class.ts'
import { maskRow, type PlainCell } from './mask-cell.ts'
import { lendKey, maskedRelation } from './masked-relation.ts'
import { createMaskingKey } from './masking-key.ts'
import { maskingFor, type Masking } from './masking.ts'

const secret = 'a key of the house, long enough'

const texts = [
  'ada@example.com',
  'J.Doe+x@mail.example.co.uk',
  'not an address@',
  '4111 1111 1111 1111',
  '4111111111111111',
  '+49 (30) 1234-5678',
  '078-05-1120',
  '12345',
  '1985-03-12',
  '1985-03-12 10:00:00',
  '192.168.17.4',
  'DE89370400440532013000',
  'GB29 NWBK 6016 1331 9268 19',
  'Ada Lovelace',
  'Zoë',
  'Äther',
  '李小龙李小龙',
  'O\'Neil "x"',
  '',
  'SW1A 1AA',
]

async function withTables(use: (tables: Tables) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'devmlops-masking-'))
  const tables = await openTables({ allowedDirectories: [], temporaryDirectory: directory })
  try {
    await use(tables)
  } finally {
    tables.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function maskingOf(columns: ColumnClasses): Masking {
  return maskingFor({ columns, masking: {} }, {}, createMaskingKey(secret))
}

const rules: readonly ColumnClasses[string][] = [
  ...maskActionSchema.exclude(['show']).options.map((mask) => ({ class: 'personal' as const, mask })),
  { class: 'special', mask: 'mask' },
  { class: 'personal', mask: 'generalise', period: 'year', prefix: 4, band: 25 },
]

void test('SQL and rows mask every value in the same way', async () => {
  await withTables(async (tables) => {
    const types: { column: Column; values: readonly (PlainCell | bigint)[] }[] = [
      { column: { name: 'v', type: 'text', sqlType: 'VARCHAR' }, values: texts },
      {
        column: { name: 'v', type: 'integer', sqlType: 'BIGINT' },
        values: [0, 7, 37, -4, 1985, 52_300, 4111111111111111, 999_999_999_999],
      },
      { column: { name: 'v', type: 'number', sqlType: 'DOUBLE' }, values: [0.5, 37.25, -12.5, 1234.5] },
      { column: { name: 'v', type: 'date', sqlType: 'DATE' }, values: ['1985-03-12', '2024-12-31'] },
    ]
    for (const { column, values } of types) {
      const rows = values.map((value) => `(CAST(${quoteText(String(value))} AS ${column.sqlType}))`)
      await tables.run(`CREATE OR REPLACE TEMP TABLE t AS SELECT * FROM (VALUES ${rows.join(', ')}) AS t(v)`)
      for (const rule of rules) {
        const masking = maskingOf({ v: rule })
        await lendKey(tables, masking)
        const { relation } = maskedRelation(masking, { relation: 't', columns: [column] }, 'hide')
        const inSql = (await tables.rows(`SELECT * FROM ${relation}`)).map(({ v }) => v)
        const kept =
          rule.mask === 'drop' ? { ...rule, mask: 'mask' as const, class: 'special' as const } : rule
        const inRows = values.map(
          (v) => maskRow(maskingOf({ v: kept }), { v: v as PlainCell }, new Map([['v', column.type]]))['v'],
        )
        assert.deepEqual(inSql, inRows, `${column.type} ${JSON.stringify(rule)}`)
      }
    }
  })
})

void test('masking keeps the form and nothing that names the person', () => {
  const masked = (value: PlainCell, rule: ColumnClasses[string] = { class: 'personal' }): unknown =>
    maskRow(maskingOf({ v: rule }), { v: value })['v']
  assert.equal(masked('jane@doe.com'), 'j***@d***.com')
  assert.equal(masked('4111 1111 1111 1111'), '***1111')
  assert.equal(masked('078-05-1120'), '***20')
  assert.equal(masked('Ada Lovelace'), 'A***')
  assert.equal(masked('Bob'), '***')
  assert.equal(masked(null), null)
  assert.equal(masked('catholic', { class: 'special' }), '***')
  assert.equal(masked(true), '***')
  assert.equal(masked(37, { class: 'personal', mask: 'generalise' }), '30 to 40')
  assert.equal(masked('10115', { class: 'personal', mask: 'generalise' }), '10***')
  assert.equal(masked('1985-03-12', { class: 'personal', mask: 'generalise', period: 'year' }), '1985')
})

void test('a hash is HMAC-SHA-256 with the key, equal for equal values, whatever column or type they are in', () => {
  const masking = maskingOf({
    email: { class: 'personal', mask: 'hash' },
    contact: { class: 'personal', mask: 'hash' },
    id: { class: 'personal', mask: 'hash' },
  })
  const expected = createHmac('sha256', secret).update('ada@example.com').digest('hex')
  assert.deepEqual(maskRow(masking, { email: 'ada@example.com', contact: 'ada@example.com' }), {
    email: expected,
    contact: expected,
  })
  assert.equal(maskRow(masking, { id: 5 })['id'], maskRow(masking, { id: '5' })['id'])
})

void test('a key longer than a block hashes in SQL as RFC 2104 says', async () => {
  const long = 'k'.repeat(100)
  await withTables(async (tables) => {
    const masking = maskingFor(
      { columns: { v: { class: 'personal', mask: 'hash' } }, masking: {} },
      {},
      createMaskingKey(long),
    )
    await lendKey(tables, masking)
    const columns: Column[] = [{ name: 'v', type: 'text', sqlType: 'VARCHAR' }]
    const { relation } = maskedRelation(masking, { relation: "(SELECT 'x' AS v)", columns })
    assert.deepEqual(await tables.rows(`SELECT * FROM ${relation}`), [
      { v: createHmac('sha256', long).update('x').digest('hex') },
    ])
  })
})

void test('without a key a hash becomes a mask, and a key that can be guessed is refused', () => {
  const masking = maskingFor(
    { columns: { v: { class: 'personal', mask: 'hash' } }, masking: {} },
    {},
    undefined,
  )
  assert.equal(maskRow(masking, { v: 'ada@example.com' })['v'], 'a***@e***.com')
  assert.throws(() => createMaskingKey('short'), /fewer than 16 characters/)
})

void test('the key is in no statement and no error', async () => {
  const key = createMaskingKey(secret)
  const told: string[] = []
  const tables = {
    run: (sql: string) => Promise.resolve(void told.push(sql)),
  } as unknown as Tables
  await key.lend(tables)
  const hexadecimal = Buffer.from(secret).toString('hex')
  assert.equal(told.length, 2)
  for (const text of [...told, JSON.stringify(key), inspect(key)]) {
    assert.ok(!text.includes(secret) && !text.includes(hexadecimal.slice(0, 16)))
    assert.doesNotMatch(text, /[0-9a-f]{32}/)
  }
})
