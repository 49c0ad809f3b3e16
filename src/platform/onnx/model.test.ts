import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeModel, encodeModel, floatTensor, integer, node, strings, value } from './index.ts'

/** Written by onnx 1.23 for Python: a Slice with negative and 64-bit integers, attributes of all sorts, and a function. */
const foreign = new Uint8Array(
  Buffer.from(
    'CAgSBnB5dGhvbjrhAQqFAQoBeAoBcwoBZRIBeRoBbiIFU2xpY2UqEgoDZmFyGP//////////f6ABAioVCgViZWxvdxj7//////////8BoAEC' +
      'KhQKBXJhdGVzPQAAAD89AACgv6ABBioaCgVzaXplc0ABQP///////////wFArAKgAQcqEAoFd29yZHNKAWFKAWKgAQgSAWcqEwgBEAc6Cv7/' +
      '/////////wFCAXMqEggBEAc6Cf//////////f0IBZVIBZFoUCgF4Eg8KDQgBEgkKAxIBTgoCCANiEgoBeRINCgsIARIHCgMSAU4KAEIECgAQ' +
      'EUIKCgZjdXN0b20QAXIMCgZhdXRob3ISAm1lygEpCgFGIgFhKgFiOhAKAWESAWIiCElkZW50aXR5SgQKABARUgZjdXN0b20=',
    'base64',
  ),
)

test('reads a model that another program wrote', () => {
  const model = decodeModel(foreign)
  assert.equal(model.producerName, 'python')
  assert.deepEqual(model.metadataProps, [{ key: 'author', value: 'me' }])
  assert.deepEqual(
    model.opsetImport.map(({ domain, version }) => [domain, version]),
    [
      ['', 17],
      ['custom', 1],
    ],
  )
  const [slice] = model.graph.node
  assert.deepEqual(slice?.input, ['x', 's', 'e'])
  const attributes = new Map(slice?.attribute.map((attribute) => [attribute.name, attribute]))
  assert.equal(attributes.get('far')?.i, 9223372036854775807n)
  assert.equal(attributes.get('below')?.i, -5)
  assert.deepEqual(attributes.get('rates')?.floats, [0.5, -1.25])
  assert.deepEqual(attributes.get('sizes')?.ints, [1, -1, 300])
  assert.deepEqual(
    attributes.get('words')?.strings?.map((bytes) => new TextDecoder().decode(bytes)),
    ['a', 'b'],
  )
  assert.deepEqual(model.graph.input[0]?.type?.tensorType?.shape?.dim, [{ dimParam: 'N' }, { dimValue: 3 }])
})

test('keeps everything through a read and a write, also what it does not know', () => {
  const model = decodeModel(foreign)
  assert.equal(model.unknownFields?.length, 1, 'the function is a field that this reader does not know')
  assert.deepEqual(decodeModel(encodeModel(model)), model)
})

test('writes numbers that need every length of varint and buffers that grow', () => {
  const numbers = [0, 1, 127, 128, 16383, 16384, 2 ** 31, 2 ** 53 - 1, -1, -(2 ** 31)]
  const levels = Array.from({ length: 5000 }, (_, i) => `level ${i} – ü`)
  const model = {
    irVersion: 10,
    opsetImport: [{ version: 17 }],
    metadataProps: [{ key: 'k', value: 'v' }],
    graph: {
      node: [
        node(
          { type: 'T', domain: 'd' },
          { inputs: ['a'], outputs: ['b'] },
          { s: strings(levels), i: integer(3) },
        ),
      ],
      initializer: [{ ...floatTensor('w', [2], [1.5, Number.NaN]), dims: numbers }],
      input: [value('a', 'string', ['N', 1])],
      output: [value('b', 'float', ['N'])],
    },
  }
  const read = decodeModel(encodeModel(model))
  assert.deepEqual(read.graph.initializer[0]?.dims, numbers)
  const texts = read.graph.node[0]?.attribute[0]?.strings ?? []
  assert.deepEqual(
    texts.map((bytes) => new TextDecoder().decode(bytes)),
    levels,
  )
})

test('says what is wrong with bytes that are not a model', () => {
  assert.throws(() => decodeModel(foreign.subarray(0, 100)), {
    code: 'unreadable_data',
    message: /end in the middle/,
  })
  assert.throws(() => decodeModel(new Uint8Array()), { code: 'unreadable_data', message: /no graph/ })
  assert.throws(() => decodeModel(new TextEncoder().encode('hello world, not a model')), {
    code: 'unreadable_data',
  })
})
