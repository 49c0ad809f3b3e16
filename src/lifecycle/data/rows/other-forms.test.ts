import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { digestOf } from '#platform/blobs/index'
import { ada, openWorkshop } from '../service.fixture.ts'
import { fixtureSheets, zip } from './sheet.fixture.ts'

test('reads a sheet by its name, typed by all of its values, and keeps the spreadsheet', async () => {
  const book = fixtureSheets({
    Notes: [['nothing here']],
    Orders: [
      ['Orders of the year'],
      ['id', 'amount', 'on', 'paid', 'note', 'code'],
      [1, 2.5, new Date('2024-01-31'), true, 'a, "b"', 7],
      [2, 3, null, false, null, 'x7'],
      [null, null, null, null, null, null],
      [9007199254740991, -1, new Date('2024-02-29'), true, '007', null],
    ],
  })
  await using workshop = await openWorkshop(
    'd:\n  source: { files: "*.xlsx" }\n  sheet: Orders\n  header_row: 2',
  )
  await workshop.write('book.xlsx', book)
  const { version, arrivals } = await workshop.service.add('d', {}, ada)
  assert.deepEqual(arrivals[0]?.validation?.warnings, [
    'book.xlsx, column "code" mixes number (first in row 3), text (first in row 4); all are read as text',
  ])
  assert.equal(version?.rows, 3)
  const { columns, originals } = await workshop.service.get('d', 1)
  assert.deepEqual(
    columns.map(({ name, sqlType }) => `${name} ${sqlType}`),
    ['id BIGINT', 'amount DOUBLE', 'on DATE', 'paid BOOLEAN', 'note VARCHAR', 'code VARCHAR'],
  )
  const { rows } = await workshop.service.head('d', 1, 10)
  assert.deepEqual(rows[0], { id: 1, amount: 2.5, on: '2024-01-31', paid: true, note: 'a, "b"', code: '7' })
  assert.deepEqual([rows[2]?.['id'], rows[2]?.['note']], [9007199254740991, '007'])
  assert.equal(originals[0]?.digest, digestOf(book))
  assert.equal((await workshop.service.add('d', {}, ada)).created, false)
  await workshop.describe('d:\n  source: { files: "*.xlsx" }\n  sheet: Ordres')
  await workshop.write('book.xlsx', fixtureSheets({ Orders: [['id'], [1]] }))
  const { arrivals: refused } = await workshop.service.add('d', {}, ada)
  assert.match(refused[0]?.rejection?.message ?? '', /book\.xlsx has no sheet "Ordres"/)
})

test('a spreadsheet that unpacks to too much is refused before it is read', async () => {
  await using workshop = await openWorkshop('d:\n  source: { files: "*.xlsx" }')
  const deflated = deflateRawSync(Buffer.alloc(210_000_000), { level: 1 })
  await workshop.write('bomb.xlsx', zip({ 'xl/worksheets/sheet1.xml': { deflated } }))
  const { arrivals } = await workshop.service.add('d', {}, ada)
  assert.match(arrivals[0]?.rejection?.message ?? '', /bomb\.xlsx unpacks to more than 200MB/)
})

test('reads text in the encoding that the project names, and keeps the bytes as they came', async () => {
  for (const [encoding, bytes] of [
    ['latin-1', Buffer.from('a,b\n1,caf\u00e9\n', 'latin1')],
    ['utf-16', Buffer.from('\uFEFFa,b\r\n1,caf\u00e9\r\n', 'utf16le')],
    ['utf-16', Buffer.from('\uFEFFa,b\n1,caf\u00e9\n', 'utf16le').swap16()],
    ['latin-1', gzipSync(Buffer.from('a,b\n1,caf\u00e9\n', 'latin1'))],
  ] as const) {
    await using workshop = await openWorkshop(`d:\n  source: { files: "data.*" }\n  encoding: ${encoding}`)
    await workshop.write(bytes[0] === 0x1f ? 'data.csv.gz' : 'data.csv', bytes)
    assert.equal((await workshop.service.add('d', {}, ada)).version?.rows, 1)
    assert.deepEqual((await workshop.service.head('d', 1, 1)).rows, [{ a: 1, b: 'café' }])
    const { originals } = await workshop.service.get('d', 1)
    assert.equal(originals[0]?.digest, digestOf(bytes))
    assert.equal((await workshop.service.add('d', {}, ada)).created, false)
  }
})

test('text that is not in the encoding keeps no other file out', async () => {
  await using workshop = await openWorkshop('d:\n  source: { files: "*.csv" }\n  encoding: utf-16')
  await workshop.write('1.csv', Buffer.from('\uFEFFa\n1\n', 'utf16le'))
  await workshop.write('2.csv', Buffer.from([0xff, 0xfe, 0x61, 0x00, 0x0a, 0x00, 0x00, 0xd8, 0x0a]))
  const { version, arrivals } = await workshop.service.add('d', {}, ada)
  assert.equal(version?.rows, 1)
  assert.match(
    arrivals.find(({ state }) => state === 'rejected')?.rejection?.message ?? '',
    /2\.csv is not utf-16/,
  )
})
