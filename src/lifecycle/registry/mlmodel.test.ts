import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readMlModel, readSignature } from './mlmodel.ts'

const tensor = (dtype: string, shape: number[], name?: string) => ({
  type: 'tensor',
  ...(name === undefined ? {} : { name }),
  'tensor-spec': { dtype, shape },
})

describe('MLmodel', () => {
  it('reads the flavours and the signature that a client wrote', () => {
    const { flavors, signature, modelId, runId } =
      readMlModel(`artifact_path: mlflow-artifacts:/0/models/m-1/artifacts
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.skops
    python_version: 3.11.2
  sklearn:
    code: null
mlflow_version: 3.17.2
model_id: m-1
model_size_bytes: 731
prompts: null
run_id: 4f0c
signature:
  inputs: '[{"type": "long", "name": "a", "required": true}, {"type": "double", "name":
    "b", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
type_hint_from_example: false
`)
    assert.deepEqual(Object.keys(flavors), ['python_function', 'sklearn'])
    assert.equal(flavors['python_function']?.['loader_module'], 'mlflow.sklearn')
    assert.deepEqual([modelId, runId], ['m-1', '4f0c'])
    assert.deepEqual(signature, {
      inputs: [
        { name: 'a', type: 'long', required: true },
        { name: 'b', type: 'double', required: false },
      ],
      outputs: [{ name: 'prediction', type: 'long' }],
    })
  })

  it('takes a tensor with one value a row for a column, and a bare matrix for numbered columns', () => {
    assert.deepEqual(
      readSignature({
        inputs: [tensor('float32', [-1, 1], 'x'), tensor('<U3', [-1], 'y')],
        outputs: [tensor('int64', [-1], 'label'), tensor('float32', [-1, 2], 'probability')],
      }),
      {
        inputs: [
          { name: 'x', type: 'float', required: true },
          { name: 'y', type: 'string', required: true },
        ],
        outputs: [
          { name: 'label', type: 'long' },
          { name: 'probability_0', type: 'float' },
          { name: 'probability_1', type: 'float' },
        ],
      },
    )
    assert.deepEqual(
      readSignature({ inputs: [tensor('float64', [-1, 3])], outputs: null })?.inputs.map(({ name }) => name),
      ['0', '1', '2'],
    )
  })

  it('has no signature for what columns cannot express', () => {
    const inputs = [
      [tensor('float32', [-1, 28, -1])],
      [tensor('float32', [-1, -1])],
      [tensor('complex64', [-1])],
      [tensor('float32', [-1, 1e9])],
      [{ type: 'array', items: { type: 'string' }, name: 'a' }],
      [{ type: 'constructor', name: 'a' }],
      [
        { type: 'long', name: 'a' },
        { type: 'long', name: 'a' },
      ],
      [],
      'no json',
      7,
    ]
    for (const each of inputs) assert.equal(readSignature({ inputs: each }), null)
    assert.equal(readMlModel('flavors: {onnx: {data: model.onnx}}').signature, null)
  })

  it('says that a file is no MLmodel, whatever it holds', () => {
    const bomb = `a: &a [${'x,'.repeat(99)}]\n${'bcdefgh'
      .split('')
      .map((key, index) => `${key}: &${key} [${`*${'abcdefgh'[index]},`.repeat(99)}]`)
      .join('\n')}`
    for (const text of ['', '- 1', '"', `flavors: ${'['.repeat(100_000)}`, '\0', 'a: *b', bomb]) {
      assert.throws(() => readMlModel(text), { code: 'unreadable_data' }, text.slice(0, 20))
    }
    assert.deepEqual(readMlModel('flavors: [1]\nsignature: 4\nrun_id: 5').flavors, {})
  })
})
