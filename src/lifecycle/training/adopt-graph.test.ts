import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { encodeModel, float, floatTensor, int64Tensor, integers, node, value } from '#platform/onnx/index'
import { adoptGraph } from './adopt-graph.ts'

const opsetImport = [{ version: 17 }, { domain: 'ai.onnx.ml', version: 3 }]

/** What scikit-learn's converter makes of a classifier: a label, and the probabilities of both classes, in a ZipMap or not. */
function classifier({ zipMap }: { zipMap: boolean }): Uint8Array {
  const probabilities = node(
    { type: 'Concat' },
    { inputs: ['other', 'score'], outputs: ['probabilities'] },
    { axis: { type: 2, i: 1 } },
  )
  return encodeModel({
    irVersion: 8,
    opsetImport,
    metadataProps: [],
    graph: {
      name: 'classifier',
      input: [value('x', 'float', ['N', 1])],
      initializer: [
        floatTensor('one', [1], [1]),
        int64Tensor('zero', [1], [0]),
        int64Tensor('flat', [1], [-1]),
      ],
      node: [
        node({ type: 'Sigmoid' }, { inputs: ['x'], outputs: ['score'] }),
        node({ type: 'Sub' }, { inputs: ['one', 'score'], outputs: ['other'] }),
        probabilities,
        node({ type: 'Round' }, { inputs: ['score'], outputs: ['rounded'] }),
        node({ type: 'Cast' }, { inputs: ['rounded'], outputs: ['whole'] }, { to: { type: 2, i: 7 } }),
        node({ type: 'Reshape' }, { inputs: ['whole', 'flat'], outputs: ['label'] }),
        ...(zipMap
          ? [
              node(
                { type: 'ZipMap', domain: 'ai.onnx.ml' },
                { inputs: ['probabilities'], outputs: ['output_probability'] },
                { classlabels_int64s: integers([0, 1]) },
              ),
            ]
          : []),
      ],
      output: [
        value('label', 'int64', ['N']),
        zipMap ? { name: 'output_probability' } : value('probabilities', 'float', ['N', 2]),
      ],
    },
  })
}

describe('a graph from another program', () => {
  for (const zipMap of [false, true]) {
    it(`gives the second class's probability, ${zipMap ? 'out of a ZipMap' : 'out of both'}`, async () => {
      const { onnx, signature } = adoptGraph(classifier({ zipMap }), { task: 'binary', label: 'fit.model' })
      assert.deepEqual(signature, {
        inputs: [{ name: 'x', type: 'double', required: true }],
        outputs: [
          { name: 'probability', type: 'float' },
          { name: 'label', type: 'long' },
        ],
      })
      const session = await InferenceSession.create(onnx)
      const { probability, label } = await session.run({ x: new Tensor('float32', [0, 2, -2], [3, 1]) })
      assert.deepEqual(probability?.dims, [3])
      const expected = [0.5, 1 / (1 + Math.exp(-2)), 1 / (1 + Math.exp(2))]
      for (const [row, score] of expected.entries()) {
        assert.ok(Math.abs((probability?.data[row] as number) - score) < 1e-6)
      }
      assert.deepEqual(label?.data, BigInt64Array.of(0n, 1n, 0n))
      await session.release()
    })
  }

  it('gives a regression its one number as `prediction`', async () => {
    const bytes = encodeModel({
      irVersion: 8,
      opsetImport,
      metadataProps: [],
      graph: {
        name: 'regressor',
        input: [value('x', 'float', ['N', 1])],
        initializer: [],
        node: [node({ type: 'LeakyRelu' }, { inputs: ['x'], outputs: ['variable'] }, { alpha: float(0.5) })],
        output: [value('variable', 'float', ['N', 1])],
      },
    })
    const { onnx, signature } = adoptGraph(bytes, { task: 'regression', label: 'fit.model' })
    assert.deepEqual(signature.outputs, [{ name: 'prediction', type: 'float' }])
    const session = await InferenceSession.create(onnx)
    const { prediction } = await session.run({ x: new Tensor('float32', [4, -4], [2, 1]) })
    assert.deepEqual(prediction?.data, Float32Array.of(4, -2))
    await session.release()
  })

  it('is refused with what to do, when it is none or takes all columns as one matrix', () => {
    assert.throws(
      () => adoptGraph(new TextEncoder().encode('not a model'), { task: 'binary', label: 'fit.model' }),
      {
        code: 'unreadable_data',
        message: /fit\.model is not an ONNX file/,
      },
    )
    const matrix = encodeModel({
      irVersion: 8,
      opsetImport,
      metadataProps: [],
      graph: {
        name: 'matrix',
        input: [value('X', 'float', ['N', 4])],
        initializer: [],
        node: [node({ type: 'Softmax' }, { inputs: ['X'], outputs: ['probabilities'] })],
        output: [value('probabilities', 'float', ['N', 4])],
      },
    })
    assert.throws(() => adoptGraph(matrix, { task: 'binary', label: 'fit.model' }), {
      code: 'invalid_input',
      hint: /one input per column/,
    })
  })
})
