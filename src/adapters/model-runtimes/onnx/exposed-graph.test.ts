import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { encodeModel, floatTensor, int64Tensor, integers, node, strings, value } from '#platform/onnx/index'
import { exposeOutputs } from './exposed-graph.ts'

type Outputs = Parameters<typeof encodeModel>[0]['graph']['output']

/** What skl2onnx makes of a classifier on one matrix: `label` is the name of a tensor within. */
function classifier(classes: 2 | 3, zipMap: boolean, output: Outputs): Uint8Array {
  const others = Array.from({ length: classes - 1 }, () => 'other')
  const labels = classes === 2 ? { classlabels_int64s: integers([0, 1]) } : threeNames
  return encodeModel({
    irVersion: 8,
    opsetImport: [{ version: 17 }, { domain: 'ai.onnx.ml', version: 3 }],
    metadataProps: [],
    graph: {
      name: 'classifier',
      input: [value('x', 'float', ['N', 1])],
      initializer: [floatTensor('one', [1], [1]), int64Tensor('flat', [1], [-1])],
      node: [
        node({ type: 'Sigmoid' }, { inputs: ['x'], outputs: ['score'] }),
        node({ type: 'Sub' }, { inputs: ['one', 'score'], outputs: ['other'] }),
        node(
          { type: 'Concat' },
          { inputs: [...others, 'score'], outputs: ['probabilities'] },
          { axis: { type: 2, i: 1 } },
        ),
        node({ type: 'Round' }, { inputs: ['score'], outputs: ['label'] }),
        node({ type: 'Cast' }, { inputs: ['label'], outputs: ['whole'] }, { to: { type: 2, i: 7 } }),
        node({ type: 'Reshape' }, { inputs: ['whole', 'flat'], outputs: ['output_label'] }),
        ...(zipMap
          ? [
              node(
                { type: 'ZipMap', domain: 'ai.onnx.ml' },
                { inputs: ['probabilities'], outputs: ['output_probability'] },
                labels,
              ),
            ]
          : []),
      ],
      output,
    },
  })
}

const threeNames = { classlabels_strings: strings(['a', 'b', 'c']) }
const label = value('output_label', 'int64', ['N'])

async function run(onnx: Uint8Array) {
  const session = await InferenceSession.create(onnx)
  const found = await session.run({ x: new Tensor('float32', [0, 2], [2, 1]) })
  await session.release()
  return found
}

describe('the outputs of a logged graph', () => {
  for (const zipMap of [true, false]) {
    it(`name label and probability, ${zipMap ? 'out of a ZipMap' : 'out of a matrix'}`, async () => {
      const chances = zipMap ? { name: 'output_probability' } : value('probabilities', 'float', ['N', 2])
      const { onnx, outputs, renamed } = exposeOutputs(classifier(2, zipMap, [label, chances]), 'm v1')
      assert.deepEqual(outputs, [
        { name: 'probability', type: 'float' },
        { name: 'label', type: 'long' },
        { name: chances.name, type: 'float', shape: [2] },
      ])
      assert.deepEqual(renamed, [
        ['output_label', 'label'],
        [chances.name, chances.name],
      ])
      const found = await run(onnx)
      assert.deepEqual(Array.from(found['label']?.data as BigInt64Array), [0n, 1n])
      const second = Array.from(found['probability']?.data as Float32Array)
      assert.deepEqual(found['probability']?.dims, [2])
      assert.ok(Math.abs((second[1] ?? 0) - 1 / (1 + Math.exp(-2))) < 1e-6)
      assert.deepEqual(found[chances.name]?.dims, [2, 2])
    })
  }

  it('stay a matrix for more than two classes', async () => {
    const { onnx, outputs } = exposeOutputs(
      classifier(3, true, [label, { name: 'output_probability' }]),
      'm v1',
    )
    assert.deepEqual(
      outputs.map(({ name }) => name),
      ['output_label', 'output_probability'],
    )
    assert.deepEqual((await run(onnx))['output_probability']?.dims, [2, 3])
  })

  it('are the tensors of a sequence, and say what cannot be handed out', async () => {
    const onnx = encodeModel({
      irVersion: 8,
      opsetImport: [{ version: 17 }],
      metadataProps: [],
      graph: {
        name: 'parts',
        input: [value('x', 'float', ['N', 1])],
        initializer: [],
        node: [
          node({ type: 'Neg' }, { inputs: ['x'], outputs: ['less'] }),
          node({ type: 'SequenceConstruct' }, { inputs: ['x', 'less'], outputs: ['both'] }),
          node({ type: 'SequenceEmpty' }, { inputs: [], outputs: ['nothing'] }),
          node({ type: 'Abs' }, { inputs: ['x'], outputs: ['size'] }),
        ],
        output: [{ name: 'both' }, { name: 'nothing' }, value('size', 'float', ['N', 1])],
        valueInfo: [value('less', 'float', ['N', 1])],
      },
    })
    const exposed = exposeOutputs(onnx, 'm v1')
    assert.deepEqual(
      exposed.outputs.map(({ name }) => name),
      ['both_0', 'both_1', 'size'],
    )
    assert.deepEqual(exposed.leftOut, ['nothing'])
    const session = await InferenceSession.create(exposed.onnx)
    const found = await session.run({ x: new Tensor('float32', [-2], [1, 1]) })
    assert.deepEqual(
      ['both_0', 'both_1', 'size'].map((name) => found[name]?.data[0]),
      [-2, 2, 2],
    )
    await session.release()
  })

  it('call a single number the prediction, and refuse what is no graph', async () => {
    const regression = (output: Outputs): Uint8Array =>
      encodeModel({
        irVersion: 8,
        opsetImport: [{ version: 17 }],
        metadataProps: [],
        graph: {
          name: 'regression',
          input: [value('x', 'float', ['N', 1])],
          initializer: [],
          node: [node({ type: 'Neg' }, { inputs: ['x'], outputs: ['variable'] })],
          output,
        },
      })
    const { onnx, outputs, renamed } = exposeOutputs(
      regression([value('variable', 'float', ['N', 1])]),
      'm v1',
    )
    assert.deepEqual(outputs, [{ name: 'prediction', type: 'float' }])
    assert.deepEqual(renamed, [['variable', 'prediction']])
    assert.deepEqual(Array.from((await run(onnx))['prediction']?.data as Float32Array), [-0, -2])
    assert.throws(() => exposeOutputs(regression([{ name: 'variable' }]), 'm v1'), { code: 'invalid_input' })
    assert.throws(() => exposeOutputs(Buffer.from('none'), 'm v1'), { code: 'unreadable_data' })
  })
})
