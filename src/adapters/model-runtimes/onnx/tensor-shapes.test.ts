import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RowBatch } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { encodeModel, integer, node, value, type Node, type ValueInfo } from '#platform/onnx/index'
import { createSessionScorer } from './session-scorer.ts'

interface Parts {
  readonly inputs: readonly ValueInfo[]
  readonly nodes: readonly Node[]
  readonly outputs: readonly ValueInfo[]
}

function graphOf({ inputs, nodes, outputs }: Parts): Uint8Array {
  return encodeModel({
    irVersion: 9,
    opsetImport: [{ version: 19 }],
    metadataProps: [],
    graph: { name: 'g', input: inputs, node: nodes, output: outputs, initializer: [] },
  })
}

const identity = (name: string, output: string): Node =>
  node({ type: 'Identity' }, { inputs: [name], outputs: [output] })

async function scoreWith(bytes: Uint8Array, signature: ModelSignature, batch: RowBatch) {
  const scorer = await createSessionScorer({ label: 'm v1', bytes, signature })
  try {
    return (await scorer.score(batch)).outputs
  } finally {
    await scorer.release()
  }
}

const signatureOf = (type: ModelSignature['inputs'][number]['type'], shape?: number[]): ModelSignature => ({
  inputs: [{ name: 'x', type, required: true, ...(shape === undefined ? {} : { shape }) }],
  outputs: [{ name: 'y', type }],
})

test('a field with more dimensions comes as the tensor that the graph takes, beside plain columns and text', async () => {
  const onnx = graphOf({
    inputs: [
      value('a', 'float', ['N', 1]),
      value('image', 'float', ['N', 2, 3]),
      value('word', 'string', ['N', 2]),
    ],
    nodes: [
      node({ type: 'Flatten' }, { inputs: ['image'], outputs: ['flat'] }),
      node({ type: 'Concat' }, { inputs: ['a', 'flat'], outputs: ['y'] }, { axis: integer(1) }),
      identity('word', 'w'),
    ],
    outputs: [value('y', 'float', ['N', 7]), value('w', 'string', ['N', 2])],
  })
  const signature: ModelSignature = {
    inputs: [
      { name: 'a', type: 'double', required: true },
      { name: 'image', type: 'double', required: true, shape: [2, 3] },
      { name: 'word', type: 'string', required: true, shape: [2] },
    ],
    outputs: [
      { name: 'y', type: 'float', shape: [7] },
      { name: 'w', type: 'string', shape: [2] },
    ],
  }
  const [y, w] = await scoreWith(onnx, signature, {
    rows: 2,
    numbers: Float64Array.of(1, 2, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25),
    texts: [['p', 'q', 'r', 's']],
    widths: [1, 6],
  })
  assert.equal(y?.width, 7)
  assert.deepEqual(
    Array.from(y?.values ?? [], Number),
    [1, 10, 11, 12, 13, 14, 15, 2, 20, 21, 22, 23, 24, 25],
  )
  assert.deepEqual(w, { width: 2, values: ['p', 'q', 'r', 's'] })
})

test('whole numbers beyond 2^53 go in and come out exactly', async () => {
  const onnx = graphOf({
    inputs: [value('x', 'int64', ['N', 1])],
    nodes: [identity('x', 'y')],
    outputs: [value('y', 'int64', ['N', 1])],
  })
  const exact = BigInt64Array.of(9_007_199_254_740_993n, -9_223_372_036_854_775_808n)
  const longs = new Map([[0, exact]])
  const [y] = await scoreWith(onnx, signatureOf('long'), {
    rows: 2,
    numbers: Float64Array.from(exact, Number),
    texts: [],
    longs,
  })
  assert.deepEqual(y?.values, exact)
  const [small] = await scoreWith(onnx, signatureOf('long'), {
    rows: 1,
    numbers: Float64Array.of(-7),
    texts: [],
  })
  assert.deepEqual(small?.values, Float64Array.of(-7))
})

for (const [type, fits, tooLarge] of [
  ['int8', -128, 128],
  ['uint8', 255, -1],
  ['int16', 32_767, 32_768],
  ['uint16', 65_535, 70_000],
  ['int32', -2_147_483_648, 2_147_483_648],
  ['uint32', 4_294_967_295, -1],
  ['uint64', 2 ** 52, -1],
] as const) {
  test(`a number that ${type} does not hold is refused, not turned into another`, async () => {
    const onnx = graphOf({
      inputs: [value('x', type, ['N', 1])],
      nodes: [identity('x', 'y')],
      outputs: [value('y', type, ['N', 1])],
    })
    const batch = (x: number): RowBatch => ({ rows: 1, numbers: Float64Array.of(x), texts: [] })
    const [y] = await scoreWith(onnx, signatureOf('long'), batch(fits))
    assert.deepEqual(y?.values, Float64Array.of(fits))
    for (const x of [tooLarge, 1.5, Number.NaN]) {
      await assert.rejects(scoreWith(onnx, signatureOf('long'), batch(x)), {
        code: 'invalid_input',
        message: new RegExp(`"x": ${x} is not a number of the type ${type}`),
      })
    }
  })
}

test('half precision goes in and comes out as numbers', async () => {
  const onnx = graphOf({
    inputs: [value('x', 'float16', ['N', 1])],
    nodes: [identity('x', 'y')],
    outputs: [value('y', 'float16', ['N', 1])],
  })
  const [y] = await scoreWith(onnx, signatureOf('float'), {
    rows: 3,
    numbers: Float64Array.of(0.1, -2, 65504),
    texts: [],
  })
  assert.deepEqual(Array.from(y?.values ?? [], Number), [0.0999755859375, -2, 65504])
})

test('a graph for a fixed number of rows scores any number of them', async () => {
  const onnx = graphOf({
    inputs: [value('x', 'float', [2, 2])],
    nodes: [node({ type: 'Neg' }, { inputs: ['x'], outputs: ['y'] })],
    outputs: [value('y', 'float', [2, 2])],
  })
  const [y] = await scoreWith(onnx, signatureOf('float', [2]), {
    rows: 3,
    numbers: Float64Array.of(1, 2, 3, 4, 5, 6),
    texts: [],
    widths: [2],
  })
  assert.equal(y?.width, 2)
  assert.deepEqual(Array.from(y?.values ?? [], Number), [-1, -2, -3, -4, -5, -6])
})

test('a shape that the graph does not have, and an input for no row, are refused with the reason', async () => {
  const graph = (dimensions: (number | string)[]): Uint8Array =>
    graphOf({
      inputs: [value('x', 'float', dimensions)],
      nodes: [identity('x', 'y')],
      outputs: [value('y', 'float', dimensions)],
    })
  const load = (dimensions: (number | string)[], shape?: number[]) =>
    createSessionScorer({ label: 'm v1', bytes: graph(dimensions), signature: signatureOf('float', shape) })
  await assert.rejects(load(['N', 3, 4], [4, 3]), {
    message: /takes \[N, 3, 4\] for "x".* says \[4, 3\] a row/,
  })
  await assert.rejects(load(['N', 3]), { message: /says one value a row/ })
  await assert.rejects(load([]), { message: /one value for all rows/ })
})
