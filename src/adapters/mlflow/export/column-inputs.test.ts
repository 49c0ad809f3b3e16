import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { readMlModel } from '#lifecycle/registry/mlmodel'
import { encodeModel, integer, node, value } from '#platform/onnx/index'
import { takeFrameColumns } from './column-inputs.ts'
import { mlModelFiles } from './mlmodel-files.ts'

const signature = {
  inputs: [
    { name: 'amount', type: 'double' as const, required: true },
    { name: 'count', type: 'long' as const, required: true },
    { name: 'country', type: 'string' as const, required: false },
  ],
  outputs: [{ name: 'sum', type: 'float' as const }],
}

/** Sums its two numbers, which are columns of floats [N,1]; passes the text on. */
const onnx = encodeModel({
  irVersion: 10,
  opsetImport: [{ version: 17 }],
  metadataProps: [],
  graph: {
    name: 'model',
    input: [
      value('amount', 'float', ['N', 1]),
      value('count', 'float', ['N', 1]),
      value('country', 'string', ['N', 1]),
    ],
    initializer: [],
    node: [
      node({ type: 'Concat' }, { inputs: ['amount', 'count'], outputs: ['both'] }, { axis: integer(1) }),
      node({ type: 'ReduceSum' }, { inputs: ['both'], outputs: ['sum'] }, { keepdims: integer(1) }),
      node({ type: 'Identity' }, { inputs: ['country'], outputs: ['place'] }),
    ],
    output: [value('sum', 'float', [1, 1]), value('place', 'string', ['N', 1])],
  },
})

describe('an exported model', () => {
  it('takes columns as a data frame has them: one dimension, in the types of the signature', async () => {
    const session = await InferenceSession.create(takeFrameColumns(onnx, signature))
    assert.deepEqual([...session.inputNames], ['amount', 'count', 'country'])
    const answer = await session.run({
      amount: new Tensor('float32', [0.5, 1.5], [2]),
      count: new Tensor('int64', [2n, 4n], [2]),
      country: new Tensor('string', ['DE', ''], [2]),
    })
    assert.deepEqual(answer['sum']?.data, Float32Array.of(8))
    assert.deepEqual(answer['place']?.dims, [2, 1])
  })

  it('is described as MLflow describes one: flavours, signature, and what it needs', () => {
    const files = mlModelFiles({
      model: 'churn',
      version: 3,
      runId: null,
      createdAt: 1_700_000_000_000,
      signature,
      sizeBytes: 10,
    })
    const described = readMlModel(files['MLmodel'] ?? '')
    assert.deepEqual(Object.keys(described.flavors), ['onnx', 'python_function'])
    assert.deepEqual(described.signature, signature)
    assert.match(files['requirements.txt'] ?? '', /^mlflow.*\nonnx.*\nonnxruntime/)
    assert.equal(
      typeof files[`code/${String(described.flavors['python_function']?.['loader_module'])}.py`],
      'string',
    )
  })

  it('whose graph has graphs in it is refused', () => {
    const nested = encodeModel({
      irVersion: 10,
      opsetImport: [{ version: 17 }],
      metadataProps: [],
      graph: {
        name: 'model',
        input: [value('amount', 'float', ['N', 1])],
        initializer: [],
        node: [node({ type: 'If' }, { inputs: ['amount'], outputs: ['sum'] })],
        output: [value('sum', 'float', ['N'])],
      },
    })
    assert.throws(() => takeFrameColumns(nested, signature), { code: 'conflict' })
  })
})
