import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'
import { diffMarkdown } from './markdown-diff.ts'

const taxi = join(import.meta.dirname, '../../../../../shared/data/taxi')
const month = (name: string): string => join(taxi, `yellow_tripdata_sample_${name}.csv`)

async function addRows(workshop: Workshop, file: string, rows: readonly string[]): Promise<void> {
  await workshop.write(file, rows)
  await workshop.service.add('d', {}, ada)
}

const numbered = (from: number, to: number, value = (id: number): string => `v${id % 7}`): string[] => [
  'id,v,w',
  ...Array.from(
    { length: to - from },
    (_, index) => `${from + index},${value(from + index)},${from + index}.5`,
  ),
]

void test('pages go through every changed, removed and added row once, in the order of the key', async () => {
  await using workshop = await openWorkshop('d: { source: { files: a.csv }, mode: replace, key: id }')
  await addRows(workshop, 'a.csv', numbered(0, 100))
  await addRows(
    workshop,
    'a.csv',
    numbered(10, 120, (id) => (id % 5 === 0 ? 'new' : `v${id % 7}`)),
  )
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await workshop.service.diffs.rows({ name: 'd', from: 1, to: 2, limit: 7, cursor })
    seen.push(...page.items.map(({ kind, before, after }) => `${kind} ${String((after ?? before)?.['id'])}`))
    cursor = page.next
  } while (cursor !== undefined)
  const ids = (from: number, to: number, step: number): number[] =>
    Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step)
  assert.deepEqual(seen, [
    ...ids(10, 100, 5).map((id) => `changed ${id}`),
    ...ids(0, 10, 1).map((id) => `removed ${id}`),
    ...ids(100, 120, 1).map((id) => `added ${id}`),
  ])
  const { items } = await workshop.service.diffs.rows({
    name: 'd',
    from: 1,
    to: 2,
    limit: 1,
    kind: 'changed',
  })
  assert.deepEqual(items[0], {
    kind: 'changed',
    before: { id: 10, v: 'v3', w: 10.5 },
    after: { id: 10, v: 'new', w: 10.5 },
    changed: ['v'],
    times: 1,
  })
})

void test('rows of parts that both versions have are not read, unless a key of theirs occurs again', async () => {
  await using workshop = await openWorkshop('d: { source: { files: "*.csv" } }')
  await addRows(workshop, 'a.csv', numbered(0, 50))
  await addRows(workshop, 'b.csv', numbered(50, 80))
  await addRows(workshop, 'c.csv', numbered(0, 3))
  const apart = await workshop.service.diffs.diff({ name: 'd', from: 1, to: 2, key: 'id' })
  assert.equal(apart.rows?.notRead, 50)
  assert.deepEqual([apart.rows?.added, apart.rows?.unchanged], [30, 50])
  const again = await workshop.service.diffs.diff({ name: 'd', from: 2, to: 3, key: 'id' })
  assert.equal(again.rows?.notRead, 0)
  assert.deepEqual(again.rows?.repeatedKeyRows, { from: 3, to: 6 })
  assert.deepEqual([again.rows?.added, again.rows?.removed, again.rows?.unchanged], [3, 0, 80])
  const whole = await workshop.service.diffs.diff({ name: 'd', from: 2, to: 3 })
  assert.deepEqual([whole.rows?.added, whole.rows?.notRead], [3, 80])
})

void test('a repeated key lists the very rows that came and went', async () => {
  await using workshop = await openWorkshop('d: { source: { files: a.csv }, mode: replace }')
  await addRows(workshop, 'a.csv', ['id,v', '1,a', '1,b', '2,c'])
  await addRows(workshop, 'a.csv', ['id,v', '1,a', '1,x', '2,c'])
  const { items } = await workshop.service.diffs.rows({ name: 'd', from: 1, to: 2, key: 'id', limit: 10 })
  assert.deepEqual(
    items.map(({ kind, before, after }) => [kind, before?.['v'] ?? after?.['v']]),
    [
      ['removed', 'b'],
      ['added', 'x'],
    ],
  )
})

void test('columns: added, removed, retyped, reordered, and missing for the first time', async () => {
  await using workshop = await openWorkshop('d: { source: { files: a.csv }, mode: replace, key: id }')
  await addRows(workshop, 'a.csv', ['id,a,b,c', '1,1,x,5', '2,2,y,6'])
  await addRows(workshop, 'a.csv', ['id,c,a,e', '1,5,1.5,p', '2,,2.5,q'])
  const { schema, rows } = await workshop.service.diffs.diff({ name: 'd', from: 1, to: 2, layer: 'rows' })
  assert.deepEqual(schema, {
    added: [{ column: 'e', type: 'text' }],
    removed: [{ column: 'b', type: 'text' }],
    changed: [{ column: 'a', from: 'integer', to: 'number' }],
    reordered: ['id', 'c', 'a'],
    missing: [{ column: 'c', from: 0, to: 1 }],
  })
  assert.deepEqual(rows?.cells, [
    { column: 'a', changed: 2 },
    { column: 'c', changed: 1 },
  ])
})

void test('two datasets compare, with what either of them masks', async () => {
  await using workshop = await openWorkshop(
    'd: { source: { files: a.csv }, key: id }\ne: { source: { files: b.csv }, columns: { v: special } }',
  )
  await workshop.write('a.csv', ['id,v', '1,zqmark', '2,same'])
  await workshop.write('b.csv', ['id,v', '1,zqother', '2,same'])
  await workshop.service.addAll(ada)
  const request = { name: 'd', from: 1, with: 'e', to: 1 } as const
  const { rows, items } = await workshop.service.diffs.rows({ ...request, limit: 5 })
  assert.deepEqual([rows.changed, rows.unchanged, rows.masked], [1, 1, { v: 'mask' }])
  assert.deepEqual(items[0]?.before, { id: 1, v: '***' })
  assert.deepEqual(items[0]?.changed, ['v'])
  assert.doesNotMatch(JSON.stringify(await workshop.service.diffs.diff(request)), /zqmark|zqother/)
})

void test('files of a folder: added, removed, modified and renamed', async () => {
  await using workshop = await openWorkshop('d: { source: { folder: images } }')
  await workshop.write('images/a/one.bin', 'one')
  await workshop.write('images/a/two.bin', 'two')
  await workshop.write('images/b/three.bin', 'three')
  await workshop.service.add('d', {}, ada)
  const { rename, rm } = await import('node:fs/promises')
  await rename(join(workshop.directory, 'images/a/one.bin'), join(workshop.directory, 'images/b/first.bin'))
  await rm(join(workshop.directory, 'images/a/two.bin'))
  await workshop.write('images/b/three.bin', 'THREE!')
  await workshop.write('images/c.bin', 'new')
  await workshop.service.add('d', {}, ada)
  const { files } = await workshop.service.diffs.diff({ name: 'd', from: 1, to: 2 })
  assert.deepEqual(files, {
    added: 1,
    removed: 1,
    modified: 1,
    renamed: 1,
    sizeBytes: { added: 4, removed: 3 },
    items: [
      { kind: 'removed', path: 'a/two.bin' },
      { kind: 'renamed', path: 'b/first.bin', from: 'a/one.bin' },
      { kind: 'modified', path: 'b/three.bin' },
      { kind: 'added', path: 'c.bin' },
    ],
  })
  await assert.rejects(
    workshop.service.diffs.rows({ name: 'd', from: 1, to: 2, limit: 1 }),
    /folder of files, which have no rows/,
  )
})

const hasTaxi = existsSync(taxi)

void test(
  'two months of taxi trips differ in every row and most in the surcharge that is new',
  { skip: hasTaxi ? false : 'no ../shared/data' },
  async () => {
    await using workshop = await openWorkshop(
      'd: { source: { files: a.csv }, mode: replace, time: pickup_datetime }',
    )
    await workshop.write('a.csv', readFileSync(month('2018-12')))
    await workshop.service.add('d', {}, ada)
    await workshop.write('a.csv', readFileSync(month('2019-02')))
    await workshop.service.add('d', {}, ada)
    const diff = await workshop.service.diffs.diff({ name: 'd', from: 1, to: 2 })
    assert.deepEqual([diff.rows?.added, diff.rows?.removed, diff.rows?.unchanged], [10_000, 10_000, 0])
    assert.deepEqual(diff.schema.changed, [{ column: 'congestion_surcharge', from: 'unknown', to: 'number' }])
    assert.equal(diff.columns[0]?.column, 'congestion_surcharge')
    const { items } = await workshop.service.diffs.rows({ name: 'd', from: 1, to: 2, limit: 1000 })
    const text = diffMarkdown(diff, items)
    assert.ok(text.length < 65_536)
    assert.match(
      text,
      /^### `d@1` → `d@2`\n\n- \*\*Rows\*\* 10,000 → 10,000 \(the same number\): 10,000 added, 10,000 removed/,
    )
    assert.match(text, /Cut off/)
  },
)

void test('Markdown takes nothing that data says for markup', async () => {
  await using workshop = await openWorkshop('d: { source: { files: a.csv }, mode: replace, key: id }')
  await addRows(workshop, 'a.csv', ['id,v', '1,plain', '2,stays'])
  await addRows(workshop, 'a.csv', ['id,v', '1,<img src=x> | @everyone `code` [link](http://x)', '2,stays'])
  const diff = await workshop.service.diffs.diff({ name: 'd', from: 1, to: 2 })
  const { items } = await workshop.service.diffs.rows({ name: 'd', from: 1, to: 2, limit: 5 })
  const text = diffMarkdown(diff, items)
  assert.match(
    text,
    /\| changed \| 1 \| `v` plain → &lt;img src=x> \\\| &#64;everyone \\`code\\` \\\[link\\\]\\\(http:\/\/x\\\) \|/,
  )
  assert.doesNotMatch(text, /<img|@everyone/)
})
