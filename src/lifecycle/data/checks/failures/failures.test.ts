import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDataStore } from '../../store.ts'
import { readProject, projectFileName } from '../../../project/index.ts'
import { dataSection } from '../../section.ts'
import { ada, openWorkshop, type Workshop } from '../../service.fixture.ts'
import { join } from 'node:path'
import { createFailuresService, type FailuresService } from './failures-service.ts'
import { csvLines, tablesOf } from './failures-text.ts'

function failuresOf({ platform, directory, service }: Workshop): FailuresService {
  return createFailuresService({
    platform,
    project: () => readProject({ path: join(directory, projectFileName), sections: [dataSection] }),
    store: createDataStore(platform.database),
    version: service.get,
  })
}

const section = (severity: string): string => `d:
  source: { files: 'in/*.csv' }
  key: id
  expectations:
    - between: { column: x, minimum: 0 }
      severity: ${severity}
    - unique: { columns: y }
      severity: warn
    - sql: SELECT id, x * 2 AS twice FROM arrival WHERE x > 90
      severity: warn`

const rows = (from: number, count: number): string[] => [
  'id,x,y',
  ...Array.from(
    { length: count },
    (_, index) => `${from + index},${index % 2 === 0 ? -1 : index},${from + index}`,
  ),
]

test('gives all rows of a version that fail, page by page, by key, file and row', async () => {
  await using workshop = await openWorkshop(section('warn'))
  await workshop.write('in/1.csv', rows(0, 300))
  await workshop.write('in/2.csv', rows(1000, 100))
  await workshop.service.add('d', {}, ada)
  const failures = failuresOf(workshop)
  const seen: string[] = []
  let after: string | undefined
  let pages = 0
  do {
    const page = await failures.ofVersion('d', 'latest', { check: 'between', limit: 70, after })
    seen.push(...page.items.map(({ row, file, values }) => `${file}:${row}:${values['id']}:${values['x']}`))
    after = page.next
    pages += 1
  } while (after !== undefined)
  assert.equal(pages, 3)
  assert.equal(seen.length, 200)
  assert.equal(new Set(seen).size, 200)
  assert.deepEqual(
    [seen[0], seen[150], seen[199]],
    ['in/1.csv:1:0:-1', 'in/2.csv:1:1000:-1', 'in/2.csv:99:1098:-1'],
  )

  const all = await failures.ofVersion('d', 1, { limit: 10_000 })
  assert.deepEqual(
    tablesOf(all).map(({ columns, items }) => [columns.join(), items.length]),
    [
      ['id,x', 200],
      ['id,twice', 110],
    ],
  )
  assert.equal(all.items.at(-1)?.row, undefined)
  const [header, line] = csvLines(all, true)
  assert.equal(header, 'check,file,row,id,x,twice')
  assert.equal(line, 'x is at least 0,in/1.csv,1,0,-1,')
  await assert.rejects(failures.ofVersion('d', 'latest', { limit: 1, after: 'x' }), /no place/)
})

test('keeps the rows for which a file was refused, also when the file is gone', async () => {
  await using workshop = await openWorkshop(section('fail'))
  await workshop.write('in/1.csv', rows(0, 40))
  const { arrivals } = await workshop.service.add('d', {}, ada)
  assert.equal(arrivals[0]?.state, 'rejected')
  await workshop.write('in/1.csv', ['id,x,y', '1,1,1'])
  const failures = failuresOf(workshop)
  const page = await failures.ofRejection('d', 'latest', { limit: 1000 })
  assert.equal(page.items.length, 20)
  assert.deepEqual(page.cut, [])
  assert.deepEqual(page.items.at(-1), {
    expected: 'x is at least 0',
    row: 39,
    file: 'in/1.csv',
    values: { id: 38, x: -1 },
  })
  const id = arrivals[0]?.rejection?.id ?? ''
  assert.equal((await failures.ofRejection('d', id, { limit: 5, check: 'between x' })).next, '0:9')
  await assert.rejects(failures.ofRejection('d', 'other', { limit: 5 }), /No rows are kept/)
})
