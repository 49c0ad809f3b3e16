import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTextCell } from '../rows/cell-value.ts'
import { parseCsvBody } from '../protocols/csv-body.ts'
import { parseJsonBody } from './json-body.ts'
import { predictionIds } from '../scoring/prediction-id.ts'

test('reads a bare NaN as null, but not inside of text', () => {
  assert.deepEqual(parseJsonBody(Buffer.from('{"a": [NaN, 1], "b": "NaN \\" NaN"}')), {
    a: [null, 1],
    b: 'NaN " NaN',
  })
  for (const body of ['{"a": Infinity}', '{"a": -NaN}', '{"a": NaN', '', ' ', '{"a": nan}']) {
    assert.throws(() => parseJsonBody(Buffer.from(body)), { code: 'invalid_input' }, body)
  }
})

test('refuses bytes that are not UTF-8 and nesting without end', () => {
  assert.throws(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22])), { message: /UTF-8/ })
  assert.throws(() => parseJsonBody(Buffer.from('[{"a":'.repeat(50_000))), { message: /32 levels/ })
  assert.equal(parseJsonBody(Buffer.from(JSON.stringify('[[['.repeat(100)))), '[[['.repeat(100))
})

test('reads CSV with quotes, commas, line ends and an empty last field', () => {
  const text = '\uFEFFa,b,c\r\n1,"x, ""y""\nz",\n"",2,3'
  assert.deepEqual(parseCsvBody(Buffer.from(text)), [
    ['a', 'b', 'c'],
    ['1', 'x, "y"\nz', ''],
    ['', '2', '3'],
  ])
  assert.throws(() => parseCsvBody(Buffer.from('a\n"open')), { message: /never closed/ })
  assert.throws(() => parseCsvBody(Buffer.from('a\n"x"y')), { message: /after the closing quote/ })
})

test('reads the text of a cell as the type of its field', () => {
  assert.deepEqual(
    [
      readTextCell('long', ' 7 '),
      readTextCell('double', '1e3'),
      readTextCell('boolean', 'TRUE'),
      readTextCell('string', 'nan'),
    ],
    [7, 1000, true, 'nan'],
  )
  assert.deepEqual(
    [readTextCell('double', ''), readTextCell('double', 'NaN'), readTextCell('string', '')],
    [null, null, null],
  )
  assert.deepEqual([readTextCell('double', 'inf'), readTextCell('long', '0x10')], ['inf', '0x10'])
})

test('makes ids of UUID version 7 that are all different and sort by time', () => {
  let now = 1_000_000_000_000
  const newId = predictionIds({ now: () => now })
  const ids = Array.from({ length: 2_000 }, () => {
    now += 1
    return newId()
  })
  assert.ok(
    ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
  )
  assert.equal(new Set(ids).size, ids.length)
  assert.deepEqual(ids.toSorted(), ids)
})
