import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DevmlopsError } from '#contract/errors'
import { createRandom } from '#platform/random'
import type { SignatureInput } from '../../plan.ts'
import { parseJsonBody } from '../http/json-body.ts'
import { outputBytes } from '../protocols/output-bytes.ts'
import { valueText } from '../protocols/output-text.ts'
import { datatypeBytes, type TensorDatatype } from './datatype.ts'
import { readTensors } from './json-tensor.ts'
import { tensorFromRawBody } from './raw-tensor.ts'
import { rowSchema, type OpenBatch, type RowSchema } from './row-schema.ts'
import { batchFromTensors } from './tensor-batch.ts'

const output = { name: 'y', type: 'float' as const }

function schemaOf(type: SignatureInput['type'], shape?: number[], required = false): RowSchema {
  const field = { name: 'x', type, required, ...(shape === undefined ? {} : { shape }) }
  return rowSchema({ inputs: [field], outputs: [output] })
}

function fromJson(schema: RowSchema, inputs: unknown): OpenBatch {
  const body = parseJsonBody(Buffer.from(JSON.stringify({ inputs }))) as { inputs: unknown }
  return batchFromTensors(schema, readTensors(body.inputs, undefined), 1e6)
}

function fromBytes(schema: RowSchema, header: object, bytes: Buffer): OpenBatch {
  const parameters = { binary_data_size: bytes.length }
  return batchFromTensors(schema, readTensors([{ ...header, parameters }], bytes), 1e6)
}

function code(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof DevmlopsError, String(error))
    assert.ok(['invalid_input', 'payload_too_large'].includes(error.code), error.code)
    return error.message
  }
  throw new assert.AssertionError({ message: 'it did not fail' })
}

interface Kind {
  readonly datatype: TensorDatatype
  readonly type: SignatureInput['type']
  draw(random: ReturnType<typeof createRandom>): number | bigint | boolean | string
  write(values: readonly never[]): NodeJS.TypedArray
}

const whole = (low: number, high: number) => (random: ReturnType<typeof createRandom>) =>
  Math.floor(low + random.uniform() * (high - low + 1))

const kinds: readonly Kind[] = [
  {
    datatype: 'BOOL',
    type: 'boolean',
    draw: (random) => random.uniform() < 0.5,
    write: (v) => Uint8Array.from(v, Number),
  },
  { datatype: 'INT8', type: 'integer', draw: whole(-128, 127), write: (v) => Int8Array.from(v) },
  { datatype: 'INT16', type: 'integer', draw: whole(-32768, 32767), write: (v) => Int16Array.from(v) },
  {
    datatype: 'INT32',
    type: 'integer',
    draw: whole(-(2 ** 31), 2 ** 31 - 1),
    write: (v) => Int32Array.from(v),
  },
  { datatype: 'UINT8', type: 'integer', draw: whole(0, 255), write: (v) => Uint8Array.from(v) },
  { datatype: 'UINT16', type: 'integer', draw: whole(0, 65535), write: (v) => Uint16Array.from(v) },
  { datatype: 'UINT32', type: 'long', draw: whole(0, 2 ** 32 - 1), write: (v) => Uint32Array.from(v) },
  { datatype: 'INT64', type: 'long', draw: wholeOf64, write: (v) => BigInt64Array.from(v, BigInt) },
  {
    datatype: 'UINT64',
    type: 'long',
    draw: (random) => absolute(wholeOf64(random)),
    write: (v) => BigUint64Array.from(v, BigInt),
  },
  {
    datatype: 'FP32',
    type: 'float',
    draw: (random) => Math.fround((random.uniform() - 0.5) * 1e30),
    write: (v) => Float32Array.from(v),
  },
  {
    datatype: 'FP64',
    type: 'double',
    draw: (random) => (random.uniform() - 0.5) * 1e300,
    write: (v) => Float64Array.from(v),
  },
]

/** Of every size up to 63 bits, and the ends. */
function wholeOf64(random: ReturnType<typeof createRandom>): bigint {
  const ends = [2n ** 63n - 1n, -(2n ** 63n) + 1n, 2n ** 53n, 2n ** 53n - 1n, -(2n ** 53n) - 1n, 0n]
  if (random.uniform() < 0.2) return ends[Math.floor(random.uniform() * ends.length)] as bigint
  const bits = BigInt(Math.floor(random.uniform() * 63))
  const value =
    (BigInt(Math.floor(random.uniform() * 2 ** 32)) << 31n) | BigInt(Math.floor(random.uniform() * 2 ** 31))
  return (value & ((1n << bits) - 1n)) * (random.uniform() < 0.5 ? -1n : 1n)
}

const absolute = (value: bigint): bigint => (value < 0n ? -value : value)

function exactValues(batch: OpenBatch): readonly bigint[] {
  const longs = batch.longs?.get(0)
  return longs === undefined ? Array.from(batch.numbers, BigInt) : [...longs]
}

test('reads the same values from JSON and from bytes, of every datatype, shape and nesting', () => {
  const random = createRandom(20)
  for (const kind of kinds) {
    for (let round = 0; round < 20; round++) {
      const rows = whole(1, 12)(random)
      const shape =
        round % 4 === 0 ? undefined : Array.from({ length: whole(1, 3)(random) }, () => whole(1, 4)(random))
      const width = (shape ?? []).reduce((product, dimension) => product * dimension, 1)
      const values = Array.from({ length: rows * width }, () => kind.draw(random))
      const schema = schemaOf(kind.type, shape)
      const header = { name: 'x', shape: [rows, ...(shape ?? [])], datatype: kind.datatype }
      const typed = kind.write(values as never[])
      // An odd place in the buffer, as after a JSON header of any length.
      const aside = Buffer.concat([
        Buffer.alloc(1 + (round % 3)),
        Buffer.from(typed.buffer, typed.byteOffset, typed.byteLength),
      ])
      const binary = fromBytes(schema, header, aside.subarray(1 + (round % 3)))
      const text = `[${values.map(String).join(',')}]`
      const body = parseJsonBody(
        Buffer.from(`{"inputs":[${JSON.stringify(header).slice(0, -1)},"data":${text}}]}`),
      )
      const flat = batchFromTensors(schema, readTensors((body as { inputs: unknown }).inputs, undefined), 1e6)
      assert.deepEqual(flat, binary, `${kind.datatype} ${JSON.stringify(header)}`)
      if (typeof values[0] !== 'bigint') {
        assert.deepEqual(fromJson(schema, [{ ...header, data: nest(values, header.shape) }]), flat)
        assert.deepEqual([...flat.numbers], values.map(Number))
      } else {
        assert.deepEqual(exactValues(flat), values)
      }
    }
  }
})

function nest(values: readonly unknown[], [first = 0, ...rest]: readonly number[]): unknown {
  if (rest.length === 0) return values
  const step = values.length / first
  return Array.from({ length: first }, (_, index) =>
    nest(values.slice(index * step, (index + 1) * step), rest),
  )
}

test('writes answers in bytes that read as what JSON says', () => {
  const random = createRandom(21)
  const types = [
    ['boolean', 'BOOL', whole(0, 1)],
    ['integer', 'INT32', whole(-(2 ** 31) + 1, 2 ** 31 - 1)],
    ['long', 'INT64', whole(-(2 ** 53) + 1, 2 ** 53 - 1)],
    ['float', 'FP32', () => Math.fround(random.uniform())],
    ['double', 'FP64', () => random.uniform()],
  ] as const
  for (const [type, datatype, draw] of types) {
    const values = Float64Array.from({ length: 24 }, () => draw(random))
    const bytes = outputBytes({ width: 2, values }, type, { offset: 3, rows: 5 })
    const batch = fromBytes(schemaOf(type, [2]), { name: 'x', shape: [5, 2], datatype }, bytes)
    assert.deepEqual(
      Array.from(batch.numbers, (value) => valueText(value, type)),
      Array.from(values.subarray(6, 16), (value) => valueText(value, type)),
      type,
    )
  }
  const exact = BigInt64Array.from([2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n])
  const bytes = outputBytes({ width: 1, values: exact }, 'long', { offset: 0, rows: 3 })
  const batch = fromBytes(schemaOf('long'), { name: 'x', shape: [3], datatype: 'INT64' }, bytes)
  assert.deepEqual(batch.longs?.get(0), exact)
  const texts = ['', 'ä', 'x'.repeat(300)]
  const read = fromBytes(
    schemaOf('string'),
    { name: 'x', shape: [3], datatype: 'BYTES' },
    outputBytes({ width: 1, values: texts }, 'string', { offset: 0, rows: 3 }),
  )
  assert.deepEqual(read.texts, [texts])
})

test('reads half floats from bytes, and refuses them in JSON', () => {
  const half = Float16Array.from([0.5, -2, 65504, Number.NaN])
  const header = { name: 'x', shape: [4], datatype: 'FP16' }
  const batch = fromBytes(schemaOf('float'), header, Buffer.from(half.buffer))
  assert.deepEqual([...batch.numbers], [0.5, -2, 65504, Number.NaN])
  assert.match(
    code(() => fromJson(schemaOf('float'), [{ ...header, data: [1, 2, 3, 4] }])),
    /FP16 has no form in JSON/,
  )
})

test('keeps what is missing apart from what is wrong in bytes', () => {
  const header = { name: 'x', shape: [2], datatype: 'FP64' }
  const bytesOf = (...values: number[]) => Buffer.from(Float64Array.from(values).buffer)
  assert.ok(Number.isNaN(fromBytes(schemaOf('double'), header, bytesOf(1, Number.NaN)).numbers[1]))
  assert.match(
    code(() => fromBytes(schemaOf('double', undefined, true), header, bytesOf(1, Number.NaN))),
    /inputs\[0\]\.data\[1\] \("x"\) is missing/,
  )
  assert.match(
    code(() => fromBytes(schemaOf('double'), header, bytesOf(Infinity, 1))),
    /data\[0\] \("x"\) is infinite/,
  )
  const tooLarge = Buffer.from(BigUint64Array.from([1n, 2n ** 63n]).buffer)
  assert.match(
    code(() => fromBytes(schemaOf('long'), { ...header, datatype: 'UINT64' }, tooLarge)),
    /data\[1\] \("x"\) is 9223372036854775808.*64 bits/,
  )
  const noTime = Buffer.from(BigInt64Array.from([1n, 2n ** 62n]).buffer)
  assert.match(
    code(() => fromBytes(schemaOf('datetime'), { ...header, datatype: 'INT64' }, noTime)),
    /a date such as/,
  )
  assert.match(
    code(() => fromBytes(schemaOf('boolean'), { ...header, datatype: 'BOOL' }, Buffer.from([1, 2]))),
    /element 1 is the byte 2/,
  )
})

test('reads a body without a JSON header as the only input', () => {
  const floats = Buffer.from(Float32Array.from([1, 2, 3, 4, 5, 6]).buffer)
  const read = (schema: RowSchema, bytes: Buffer) =>
    batchFromTensors(schema, [tensorFromRawBody(schema, bytes)], 1e6)
  assert.equal(read(schemaOf('float'), floats).rows, 6)
  assert.equal(read(schemaOf('float', [3]), floats).rows, 2)
  assert.deepEqual(read(schemaOf('string'), Buffer.from('ATL')).texts, [['ATL']])
  assert.match(
    code(() => read(schemaOf('float', [4]), floats)),
    /24 bytes; a multiple of 16/,
  )
  assert.match(
    code(() => read(schemaOf('double'), Buffer.alloc(0))),
    /0 bytes/,
  )
  assert.match(
    code(() => read(schemaOf('string'), Buffer.from([0xff]))),
    /UTF-8/,
  )
  const two = rowSchema({
    inputs: ['a', 'b'].map((name) => ({ name, type: 'float', required: true })),
    outputs: [output],
  })
  assert.match(
    code(() => read(two, floats)),
    /models with one input; this one has 2/,
  )
})

test('refuses every tensor whose bytes, shape or names lie, and never reads beyond its own', () => {
  const random = createRandom(22)
  const sizes = [0, -1, 1.5, 3, 4, 5, 7, 8, 12, 16, 2 ** 31, 2 ** 53, 2 ** 60, '8', null, true, [8]]
  const dimensions = [0, 1, 2, 3, -1, 2 ** 20, 2 ** 31, 2 ** 53, 1.5, '2', null]
  const names = Object.keys(datatypeBytes) as TensorDatatype[]
  const pick = <Value>(list: readonly Value[]): Value =>
    list[Math.floor(random.uniform() * list.length)] as Value
  let accepted = 0
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(Uint8Array.from({ length: whole(0, 40)(random) }, () => whole(0, 255)(random)))
    const datatype = pick(names)
    const size = datatypeBytes[datatype] ?? 4
    const isRight = bytes.length % size === 0 && random.uniform() < 0.5
    const shape = isRight
      ? [bytes.length / size]
      : Array.from({ length: whole(0, 4)(random) }, () => pick(dimensions))
    const inputs = Array.from({ length: whole(1, 2)(random) }, () => ({
      name: pick(['x', 'x', 'y']),
      datatype,
      shape,
      parameters: { binary_data_size: isRight ? bytes.length : pick([bytes.length, ...sizes]) },
    }))
    const type = pick(['boolean', 'integer', 'long', 'float', 'double', 'string', 'datetime'] as const)
    try {
      const batch = batchFromTensors(schemaOf(type), readTensors(inputs, bytes), 1000)
      accepted++
      assert.ok(batch.rows >= 1 && batch.rows <= 40)
      if (datatype !== 'BYTES') assert.equal(batch.rows * size, bytes.length)
    } catch (error) {
      assert.ok(
        error instanceof DevmlopsError && /^(invalid_input|payload_too_large)$/.test(error.code),
        String(error),
      )
    }
  }
  assert.ok(accepted > 0, 'some of them were right')
})

test('names what is wrong with bytes', () => {
  const header = { name: 'x', shape: [2], datatype: 'FP32' }
  const read = (input: object, bytes: Buffer | undefined) => () =>
    readTensors([{ ...header, ...input }], bytes)
  const eight = Buffer.alloc(8)
  const cases: readonly [() => unknown, RegExp][] = [
    [read({ parameters: { binary_data_size: 8 } }, undefined), /Inference-Header-Content-Length is not/],
    [
      read({ parameters: { binary_data_size: 9 } }, eight),
      /binary_data_size is 9, but only 8 bytes are left/,
    ],
    [read({ parameters: { binary_data_size: 4 } }, eight), /\[2\] of FP32 takes 8 bytes; 4 were sent/],
    [read({ parameters: { binary_data_size: -8 } }, eight), /binary_data_size is -8; a whole number/],
    [read({ parameters: { binary_data_size: 8 }, data: [1, 2] }, eight), /both data and binary_data_size/],
    [read({ data: [1, 2] }, eight), /8 bytes after the tensors/],
    [read({}, eight), /data is missing; the values, or binary_data_size/],
    [
      read({ shape: [2 ** 40, 2 ** 40], parameters: { binary_data_size: 8 } }, eight),
      /more elements than can exist/,
    ],
    [
      read({ datatype: 'BF16', parameters: { binary_data_size: 8 } }, eight),
      /datatype is BF16; one of BOOL, INT8/,
    ],
    [
      read(
        { datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 8 } },
        Buffer.from([9, 0, 0, 0, 1, 2, 3, 4]),
      ),
      /element 0 is longer/,
    ],
    [
      read(
        { datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 8 } },
        Buffer.from([2, 0, 0, 0, 65, 66, 0, 0]),
      ),
      /2 bytes are left after its 1 elements/,
    ],
    [
      read({ datatype: 'BYTES', shape: [2 ** 30], parameters: { binary_data_size: 8 } }, eight),
      /1073741824 elements of BYTES take at least/,
    ],
    [read({ parameters: { shared_memory_region: 'r' } }, eight), /shared memory is not supported/],
    [read({ parameters: 'x', data: [1, 2] }, undefined), /inputs\[0\]\.parameters is not a JSON object/],
  ]
  for (const [call, pattern] of cases) assert.match(code(call), pattern)
})

test('reads base64 where MLServer clients say that BYTES are', () => {
  const header = { name: 'x', shape: [1], datatype: 'BYTES', parameters: { content_type: 'base64' } }
  assert.deepEqual(fromJson(schemaOf('string'), [{ ...header, data: ['QVRM'] }]).texts, [['ATL']])
  assert.match(
    code(() => fromJson(schemaOf('string'), [{ ...header, data: ['no base64!'] }])),
    /is not base64/,
  )
})
