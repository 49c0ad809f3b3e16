import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readLabelFile } from './label-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'labels-'))
after(() => rmSync(directory, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

const time = Date.UTC(2001, 4, 7, 8)
const expected = [
  { id: '007', label: 1, time },
  { id: 'a,b', label: 0.5 },
]

test('reads labels from CSV, JSON and lines of JSON alike, ids as text', async () => {
  const csv = file('labels.csv', 'id,label,time\n007,1,2001-05-07T08:00:00Z\n"a,b",0.5,\n')
  assert.deepEqual(await readLabelFile(csv), expected)
  const objects = [
    { id: '007', label: 1, time: '2001-05-07T08:00:00Z' },
    { id: 'a,b', label: 0.5, time: null },
  ]
  assert.deepEqual(await readLabelFile(file('labels.json', JSON.stringify(objects))), expected)
  const lines = objects.map((one) => JSON.stringify(one)).join('\n')
  assert.deepEqual(await readLabelFile(file('labels.ndjson', lines)), expected)
})

test('says which row of a file is wrong, and what columns it lacks', async () => {
  const wrong = file('wrong.csv', 'id,label\nx,yes\n')
  await assert.rejects(readLabelFile(wrong), {
    code: 'unreadable_data',
    message: /row 1: the label of "x" is "yes"/,
  })
  const other = file('other.csv', 'prediction,truth\nx,1\n')
  await assert.rejects(readLabelFile(other), {
    message: /no column "id" and "label"; it has prediction, truth/,
  })
  await assert.rejects(readLabelFile(join(directory, 'none.csv')), { code: 'not_found' })
  await assert.rejects(readLabelFile(file('labels.xlsx', '')), { code: 'invalid_input' })
})
