import assert from 'node:assert/strict'
import { mkdir, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { DevmlopsError } from '#contract/errors'
import { ada, openWorkshop } from '../service.fixture.ts'

const section = 'd:\n  source: { files: incoming/* }\n  expectations:\n    - schema: { a: integer, b: text }'

const refused: readonly [what: string, name: string, content: string | Uint8Array, expected: RegExp][] = [
  ['a half-written Parquet file', 'half.parquet', 'PAR1 and then nothing', /not a whole Parquet file/],
  ['CSV that is called Parquet', 'a.parquet', 'a,b\n1,x\n2,y\n3,z\n', /not a whole Parquet file/],
  ['a file of no bytes', 'a.csv', '', /is empty/],
  ['a header without rows', 'a.csv', 'a,b\n', /has no rows/],
  ['a NUL byte', 'a.csv', 'a,b\n1,x\n2,\u0000\n', /NUL byte in line 3/],
  ['UTF-16', 'a.csv', Buffer.from('\uFEFFa,b\n1,x\n', 'utf16le'), /is UTF-16/],
  [
    'another encoding',
    'a.csv',
    Buffer.concat([Buffer.from('a,b\n1,'), Buffer.of(0xe9, 10)]),
    /line 2: .*not UTF-8/,
  ],
  ['a line with too few fields', 'a.csv', 'a,b\n1,x\n2\n', /line 3: expected 2 columns, found 1/],
  ['a quote that is never closed', 'a.csv', 'a,b\n1,"x\n2,y\n', /line 2: a quote is opened/],
  ['two columns of one name', 'a.csv', 'a,b,a\n1,x,2\n', /"a" stands for column 1 and column 3/],
  ['a column without a name', 'a.csv', 'a,\n1,x\n', /column 2 has no name/],
  ['a cut JSON document', 'a.json', '[{"a":1,"b":"x"},', /JSON is malformed/],
  [
    'Latin-1 where UTF-8 is expected',
    'a.csv',
    Buffer.from('a,b\n1,x\n2,caf\u00e9\n', 'latin1'),
    /a\.csv, line 3: the byte 0xE9 at offset 13 is not UTF-8/,
  ],
  ['names that differ in case only', 'a.csv', 'a,b,A\n1,x,2\n', /"A" stands for column 1 and column 3/],
  ['10,000 columns', 'a.csv', wide(10_000), /a\.csv has 10000 columns; at most 4096 are read/],
  ['a line without an end', 'a.csv', `a,b\n1,${'x'.repeat(5_000_000)}`, /a\.csv, line 2 is longer than 2MB/],
  [
    'dates of three kinds',
    'a.csv',
    'a,b,c\n1,x,2024-01-31\n2,y,31/01/2024\n3,z,Jan 31 2024\n',
    /a\.csv, column "c": dates of 3 kinds: 2024-01-31 \(row 1\), 31\/01\/2024 \(row 2\), Jan 31 2024 \(row 3\)/,
  ],
  ['a bomb', 'a.csv.gz', bomb(), /a\.csv\.gz cannot be unpacked: its .* unpack to more than 500MB/],
  ['a spreadsheet that is none', 'a.xlsx', 'a,b\n1,x\n', /a\.xlsx is no whole \.xlsx file/],
  ['an object where rows are expected', 'a.json', '{"a":1}', /array of objects/],
  ['a cut compressed file', 'a.csv.gz', gzipSync('a,b\n1,x\n').subarray(0, 20), /a\.csv\.gz/],
]

function wide(columns: number): string {
  const names = Array.from({ length: columns }, (_, index) => `c${index}`)
  return `${names.join(',')}\n${names.map(() => '1').join(',')}\n`
}

/** A megabyte that unpacks to more than half a gigabyte: zeros, many members of gzip one after the other. */
function bomb(): Uint8Array {
  const member = gzipSync(Buffer.alloc(64 << 20))
  return Buffer.concat(Array.from({ length: 9 }, () => member))
}

test('refuses what cannot be read, says where, keeps the reason, and stores nothing', async (t) => {
  for (const [what, name, content, expected] of refused) {
    await t.test(what, async () => {
      await using workshop = await openWorkshop(section)
      await workshop.write(name, content)
      const { version, arrivals } = await workshop.service.add('d', { paths: [name] }, ada)
      assert.equal(version, null)
      assert.equal(arrivals[0]?.rejection?.code, 'unreadable_data')
      assert.match(arrivals[0]?.rejection?.message ?? '', expected)
      assert.match(arrivals[0]?.rejection?.message ?? '', new RegExp(name.replaceAll('.', '\\.')))
      for await (const blob of workshop.platform.blobs.list()) assert.fail(`${blob.digest} was stored`)
      const [summary] = await workshop.service.list()
      assert.match(summary?.lastRejection?.message ?? '', expected)
    })
  }
})

test('reads what is unusual but whole: a byte order mark, CRLF, other delimiters, gzip, quotes, names like patterns', async () => {
  await using workshop = await openWorkshop(section)
  await workshop.write('incoming/1-mark.csv', '\uFEFFa,b\n1,x\n')
  await workshop.write('incoming/2-crlf.csv', 'a,b\r\n2,x\r\n')
  await workshop.write('incoming/3-semicolon.csv', 'a;b\n3;x\n')
  await workshop.write('incoming/4-tab.tsv', 'a\tb\n4\tx\n')
  await workshop.write('incoming/5-packed.csv.gz', gzipSync('a,b\n5,x\n'))
  await workshop.write('incoming/6-[1].csv', 'a,b\n6,"x, ""y""\nz"\n')
  await workshop.write('incoming/7.json', '[{"b":"x","a":7}]')
  await workshop.write('incoming/8.ndjson', '{"a":8,"b":"x"}\n')
  await workshop.write('incoming/9-mixed.csv', 'b,a\r\nx,9\r\ny,10\n')
  const { version, arrivals } = await workshop.service.add('d', {}, ada)
  assert.deepEqual(
    arrivals.map(({ state }) => state),
    Array.from({ length: 9 }, () => 'accepted'),
  )
  assert.equal(version?.outcome, 'warn')
  assert.match(arrivals[8]?.validation?.warnings[0] ?? '', /mixes line ends \(2 lines end in CRLF, 1 in LF\)/)
  const { rows } = await workshop.service.head('d', 'latest', 20)
  assert.deepEqual(
    rows.map(({ a }) => a),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  )
  assert.equal(rows[5]?.['b'], 'x, "y"\nz')
})

test('takes no folder, no missing file and no way out of the project', async () => {
  await using workshop = await openWorkshop('d:\n  source: { files: incoming/*.csv }')
  await mkdir(join(workshop.directory, 'incoming'))
  const outside = join(tmpdir(), `outside-${process.pid}.csv`)
  const add = (path: string) => workshop.service.add('d', { paths: [path] }, ada)
  await assert.rejects(add('incoming'), /incoming is a folder/)
  await assert.rejects(add('nothing.csv'), { code: 'not_found' })
  await assert.rejects(workshop.service.add('d', {}, ada), /No file matches incoming\/\*\.csv/)
  await (await import('node:fs/promises')).writeFile(outside, 'a\n1\n')
  await symlink(outside, join(workshop.directory, 'incoming/link.csv'))
  await assert.rejects(workshop.service.add('d', {}, ada), /leads out of the project/)
  await assert.rejects(add(`../${outside.split('/').at(-1)}`), { code: 'invalid_input' })
  const reader = { name: 'remote', permissions: new Set(['read', 'write'] as const) }
  await assert.rejects(workshop.service.add('d', { paths: [outside] }, reader), { code: 'permission_denied' })
  assert.equal((await add(outside)).version?.rows, 1)
})

test('an unknown name suggests the nearest one', async () => {
  await using workshop = await openWorkshop('flights:\n  source: { files: a.csv }')
  await assert.rejects(workshop.service.add('flihgts', {}, ada), (error: DevmlopsError) => {
    assert.match(error.hint ?? '', /"flights"/)
    return error.code === 'not_found'
  })
})
