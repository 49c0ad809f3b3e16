import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DevmlopsError } from '#contract/errors'
import type { SignatureInput } from '../../plan.ts'
import { parseJsonBody } from '../http/json-body.ts'
import { readTensors } from './json-tensor.ts'
import { batchFromRecords } from './record-batch.ts'
import { rowSchema, type RowSchema } from './row-schema.ts'
import { batchFromTensors } from './tensor-batch.ts'

function readOne(type: SignatureInput['type'], record: unknown, required = true) {
  const schema = rowSchema({
    inputs: [{ name: 'x', type, required }],
    outputs: [{ name: 'y', type: 'float' }],
  })
  const batch = batchFromRecords(schema, [record], {
    unknownFields: 'refuse',
    place: (row, field) => `rows[${row}].${field}`,
  })
  return type === 'string' ? batch.texts[0]?.[0] : batch.numbers[0]
}

function batchOf(schema: RowSchema, inputs: unknown, rowsLimit: number) {
  return batchFromTensors(schema, readTensors(inputs, undefined), rowsLimit)
}

function failure(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof DevmlopsError, String(error))
    return `${error.code}: ${error.message} ${error.hint ?? ''}`
  }
  throw new assert.AssertionError({ message: 'it did not fail' })
}

test('reads each type of value that loses nothing', () => {
  const cases: readonly [SignatureInput['type'], unknown, unknown][] = [
    ['boolean', true, 1],
    ['boolean', false, 0],
    ['integer', -2_147_483_648, -2_147_483_648],
    ['long', 9_007_199_254_740_991, 9_007_199_254_740_991],
    ['float', 3, 3],
    ['float', 3.4028234663852886e38, 3.4028234663852886e38],
    ['double', 1e308, 1e308],
    ['string', 'ATL', 'ATL'],
    ['datetime', '2001-06-30', Date.UTC(2001, 5, 30)],
    ['datetime', '2001-06-30 15:45', Date.UTC(2001, 5, 30, 15, 45)],
    ['datetime', '2001-06-30T15:45:10.5+02:00', Date.UTC(2001, 5, 30, 13, 45, 10, 500)],
    ['datetime', 993_916_800_000, 993_916_800_000],
  ]
  for (const [type, value, expected] of cases)
    assert.equal(readOne(type, { x: value }), expected, `${type} ${String(value)}`)
})

test('refuses each value that is not of the type of its field, and names the field', () => {
  const cases: readonly [SignatureInput['type'], unknown, RegExp][] = [
    ['boolean', 1, /rows\[0\]\.x is 1, but the field is a boolean: true or false/],
    ['boolean', 'true', /the text "true"/],
    ['integer', 2_147_483_648, /from -2147483648 to 2147483647/],
    ['integer', 1.5, /an integer: a whole number/],
    ['integer', '3', /the text "3"/],
    ['long', 9_007_199_254_740_992, /2\^53/],
    ['long', 1e300, /2\^53/],
    ['long', 0.1, /whole number/],
    ['float', 3.5e38, /range of a 32-bit float/],
    ['float', 'NaN', /a number is expected/],
    ['float', true, /is true, but/],
    ['double', JSON.parse('1e999'), /finite/],
    ['double', [1], /a list/],
    ['double', { a: 1 }, /an object/],
    ['string', 5, /text is expected/],
    ['datetime', '30.6.2001', /a date such as/],
    ['datetime', '2001-13-45', /a date such as/],
    ['datetime', 1.5, /epoch milliseconds/],
  ]
  for (const [type, value, pattern] of cases) {
    assert.match(
      failure(() => readOne(type, { x: value })),
      pattern,
      `${type} ${JSON.stringify(value)}`,
    )
    assert.match(
      failure(() => readOne(type, { x: value })),
      /^invalid_input: rows\[0\]\.x/,
    )
  }
})

test('lets a field be missing only where the signature does', () => {
  for (const record of [{}, { x: null }]) {
    assert.match(
      failure(() => readOne('double', record)),
      /rows\[0\]\.x is missing; the model requires it as a double/,
    )
    assert.ok(Number.isNaN(readOne('double', record, false)))
    assert.ok(Number.isNaN(readOne('boolean', record, false)))
    assert.equal(readOne('string', record, false), '')
  }
})

test('keeps every digit of whole numbers of 64 bits', () => {
  const schema = rowSchema({
    inputs: [
      { name: 'a', type: 'long', required: false },
      { name: 'b', type: 'long', required: true },
    ],
    outputs: [{ name: 'y', type: 'float' }],
  })
  const rows = '[{"a": 1, "b": 9223372036854775807}, {"b": -9007199254740993}, {"a": -5, "b": 3}]'
  const batch = batchFromRecords(schema, parseJsonBody(Buffer.from(rows)) as unknown[], {
    unknownFields: 'refuse',
    place: (row, field) => `rows[${row}].${field}`,
  })
  assert.deepEqual(
    [...(batch.longs ?? [])],
    [[1, BigInt64Array.from([2n ** 63n - 1n, -(2n ** 53n) - 1n, 3n])]],
  )
  assert.deepEqual([...batch.numbers], [1, Number.NaN, -5, 2 ** 63, -(2 ** 53), 3])
  const beyond = parseJsonBody(Buffer.from('{"x": 9223372036854775808}'))
  assert.match(
    failure(() => readOne('long', beyond)),
    /x is 9223372036854775808, but the field is a long: a whole number of 64 bits/,
  )
  assert.equal(readOne('double', beyond), 2 ** 63)
})

test('reads fields with a shape, nested or flat, in blocks of their width', () => {
  const schema = rowSchema({
    inputs: [
      { name: 'a', type: 'float', required: true },
      { name: 'image', type: 'float', required: false, shape: [2, 2] },
      { name: 'words', type: 'string', required: true, shape: [2] },
      { name: 'z', type: 'long', required: true },
    ],
    outputs: [{ name: 'y', type: 'float' }],
  })
  const options = {
    unknownFields: 'refuse',
    place: (row: number, field: string) => `rows[${row}].${field}`,
  } as const
  const rows = [
    {
      a: 1,
      image: [
        [1, 2],
        [3, 4],
      ],
      words: ['p', 'q'],
      z: 7,
    },
    { a: 2, image: [5, 6, 7, 8], words: ['r', 's'], z: 8 },
    { a: 3, words: ['t', 'u'], z: 9 },
  ]
  const { NaN: none } = Number
  assert.deepEqual(batchFromRecords(schema, rows, options), {
    rows: 3,
    numbers: Float64Array.from([1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, none, none, none, none, 7, 8, 9]),
    texts: [['p', 'q', 'r', 's', 't', 'u']],
    widths: [1, 4, 1],
  })
  assert.match(
    failure(() => batchFromRecords(schema, [{ ...rows[0], image: [[1, 2], [3]] }], options)),
    /rows\[0\]\.image\[1\] does not have the shape \[2, 2\]/,
  )
  assert.match(
    failure(() =>
      batchFromRecords(
        schema,
        [
          {
            ...rows[0],
            image: [
              [1, 2],
              [3, 'x'],
            ],
          },
        ],
        options,
      ),
    ),
    /rows\[0\]\.image\[3\] is the text "x"/,
  )
  assert.match(
    failure(() => batchFromRecords(schema, [{ ...rows[0], image: 5 }], options)),
    /rows\[0\]\.image is 5; a list is expected/,
  )
})

test('does not take inherited properties for fields', () => {
  const schema = rowSchema({
    inputs: [{ name: 'constructor', type: 'double', required: true }],
    outputs: [{ name: 'y', type: 'float' }],
  })
  const options = {
    unknownFields: 'refuse',
    place: (row: number, field: string) => `rows[${row}].${field}`,
  } as const
  assert.match(
    failure(() => batchFromRecords(schema, [{}], options)),
    /constructor is missing/,
  )
  assert.match(
    failure(() => readOne('double', JSON.parse('{"x": 1, "__proto__": 2}'))),
    /no field "__proto__"/,
  )
})

test('refuses rows that are no objects and fields that nobody knows', () => {
  assert.match(
    failure(() => readOne('double', [1])),
    /is a list; an object/,
  )
  assert.match(
    failure(() => readOne('double', null)),
    /is null; an object/,
  )
  assert.match(
    failure(() => readOne('double', { x: 1, xx: 2 })),
    /rows\[0\]\.xx: the model has no field "xx"\. Did you mean "x"\?/,
  )
})

const flight = rowSchema({
  inputs: [
    { name: 'distance', type: 'long', required: true },
    { name: 'load', type: 'double', required: false },
    { name: 'origin', type: 'string', required: true },
  ],
  outputs: [{ name: 'y', type: 'float' }],
})
const distance = { name: 'distance', shape: [2], datatype: 'INT64', data: [1, 2] }
const origin = { name: 'origin', shape: [2, 1], datatype: 'BYTES', data: [['ATL'], ['JFK']] }

test('reads tensors, flat or nested, widening where nothing is lost', () => {
  const load = { name: 'load', shape: [2], datatype: 'FP32', data: [0.5, null] }
  const batch = batchOf(flight, [origin, { ...distance, datatype: 'INT32' }, load], 10)
  assert.deepEqual(batch, {
    rows: 2,
    numbers: new Float64Array([1, 2, 0.5, Number.NaN]),
    texts: [['ATL', 'JFK']],
  })
})

test('reads one matrix for all fields when they are numbers', () => {
  const field = (name: string) => ({ name, type: 'float' as const, required: true })
  const schema = rowSchema({ inputs: [field('a'), field('b')], outputs: [{ name: 'y', type: 'float' }] })
  const matrix = { name: 'input', shape: [3, 2], datatype: 'FP32', data: [1, 2, 3, 4, 5, 6] }
  assert.deepEqual([...batchOf(schema, [matrix], 10).numbers], [1, 3, 5, 2, 4, 6])
  assert.match(
    failure(() => batchOf(schema, [{ ...matrix, shape: [2, 3] }], 10)),
    /takes 2 columns: a, b/,
  )
})

test('refuses tensors whose shape, type or length lies', () => {
  const cases: readonly [unknown, RegExp][] = [
    [undefined, /inputs is missing/],
    ['x', /inputs is missing/],
    [[1], /inputs\[0\] is not a JSON object/],
    [[{ ...distance, name: 5 }], /inputs\[0\]\.name is 5/],
    [[{ ...distance, shape: [-1] }, origin], /inputs\[0\]\.shape has the dimension -1/],
    [[{ ...distance, shape: [2.5] }, origin], /dimension 2\.5/],
    [[{ ...distance, shape: [] }, origin], /inputs\[0\]\.shape is a list/],
    [[{ ...distance, shape: [0], data: [] }, origin], /no rows/],
    [[{ ...distance, shape: [2 ** 40, 2 ** 40] }, origin], /more elements than can exist/],
    [[{ ...distance, shape: [11], data: Array(11).fill(1) }], /payload_too_large: 11 rows/],
    [[{ ...distance, shape: [3] }, origin], /inputs\[0\]\.data has 2 elements; the shape \[3\] has 3/],
    [[{ ...distance, shape: [2, 1], data: [[1, 2]] }, origin], /does not have the shape \[2, 1\]/],
    [[{ ...distance, shape: [2, 1], data: [[[1]], [[2]]] }, origin], /"distance"\) is a list/],
    [[distance, { ...origin, shape: [1], data: ['ATL'] }], /shape of "origin" is \[1\]; \[2\] or \[2, 1\]/],
    [
      [
        { ...distance, shape: [1, 2] },
        { ...origin, shape: [1], data: ['A'] },
      ],
      /\[1\] or \[1, 1\] is expected/,
    ],
    [
      [{ ...distance, datatype: 'FP64' }, origin],
      /datatype of "distance" is FP64; the field is a long, sent as INT64/,
    ],
    [
      [{ ...distance, datatype: 'INT8', data: [1, 300] }, origin],
      /inputs\[0\]\.data\[1\] \("distance"\) is 300, which is not INT8/,
    ],
    [[{ ...distance, data: [1, 'two'] }, origin], /data\[1\] \("distance"\) is the text "two"/],
    [[{ ...distance, data: [1, null] }, origin], /data\[1\] \("distance"\) is missing/],
    [[distance, distance, origin], /two tensors of the name "distance"/],
    [[distance], /the tensor "origin" is missing/],
    [[distance, origin, { ...distance, name: 'orgin' }], /no field "orgin"\. Did you mean "origin"/],
    [[{ ...distance, parameters: { binary_data_size: 16 } }], /has both data and binary_data_size/],
  ]
  for (const [inputs, pattern] of cases)
    assert.match(
      failure(() => batchOf(flight, inputs, 10)),
      pattern,
    )
})
