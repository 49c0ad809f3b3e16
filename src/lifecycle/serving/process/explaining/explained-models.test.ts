import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitModel } from '#lifecycle/training/index'
import { trainers } from '#adapters/trainers/index'
import { plantedFeatures, plantedFrame } from '#adapters/trainers/planted.fixture'
import {
  decodeModel,
  encodeModel,
  floats,
  floatTensor,
  int64Tensor,
  integer,
  node,
  strings,
  text,
  value,
} from '#platform/onnx/index'
import { graphVersion } from '../../composed-models/graph-version.ts'
import { graphSettingsSchema } from '../../deployment/graph.ts'
import { variantPlanSchema } from '../../deployment/variant-plan.ts'
import { flightRow, flightVariant, runProcess } from '../fixtures/running-process.ts'
import { flightModel } from '../fixtures/small-models.ts'

interface Answer {
  readonly explanations: readonly {
    readonly method: string
    readonly score: number
    readonly permutations?: number
    readonly contributions: readonly { field: string; contribution: number; standard_error?: number }[]
  }[]
}

/** The flight model with a node that only onnxruntime knows, so that it can be asked and not be read. */
function closedModel(): Uint8Array {
  const model = decodeModel(flightModel(1))
  const { graph } = model
  const closed = node({ type: 'Erf' }, { inputs: ['bias'], outputs: ['unread'] })
  return encodeModel({ ...model, graph: { ...graph, node: [...graph.node, closed] } })
}

test('asks a model that it cannot read, with errors, within the budget, the same for the same id', async (t) => {
  const running = await runProcess(t)
  const files = running.files.add(closedModel())
  const accepted = await running.putPlan({
    revision: 1,
    deployments: [
      {
        name: 'flights',
        variants: [flightVariant(running.files, { version: 1, files })],
        explain: { budgetRows: 200, budgetMs: 60_000 },
      },
    ],
  })
  assert.equal(accepted.status, 200, accepted.text)
  const ask = async () => {
    const headers = { 'x-request-id': 'once' }
    const body = { rows: [{ ...flightRow, distance: 3000 }] }
    const { status, json, text } = await running.send('POST', '/deployments/flights/explain', body, headers)
    assert.equal(status, 200, text)
    return json as Answer
  }
  const first = await ask()
  const [row] = first.explanations
  assert.equal(row?.method, 'sampled_shapley')
  // Two walks over six fields take ten rows, and the row to compare with one.
  assert.equal(row.permutations, 38)
  const sum = row.contributions.reduce((total, { contribution }) => total + contribution, 0)
  assert.ok(sum > 0 && sum < row.score)
  assert.equal(row.contributions[0]?.field, 'distance')
  assert.ok((row.contributions[0]?.standard_error ?? -1) >= 0)
  assert.equal(row.contributions.find(({ field }) => field === 'gate')?.contribution, 0)
  assert.deepEqual(await ask(), first)
})

/** Three classes by a linear form of two numbers: the second grows with x, the third with y. */
function classModel(): Uint8Array {
  return encodeModel({
    irVersion: 8,
    opsetImport: [{ version: 17 }, { domain: 'ai.onnx.ml', version: 3 }],
    metadataProps: [],
    graph: {
      name: 'classes',
      node: [
        node({ type: 'Concat' }, { inputs: ['x', 'y'], outputs: ['row'] }, { axis: integer(1) }),
        node(
          { type: 'LinearClassifier', domain: 'ai.onnx.ml' },
          { inputs: ['row'], outputs: ['label', 'probabilities'] },
          {
            coefficients: floats([0, 0, 1, 0, 0, 1]),
            intercepts: floats([0.5, 0, 0]),
            classlabels_strings: strings(['low', 'mid', 'high']),
            post_transform: text('SOFTMAX'),
          },
        ),
      ],
      initializer: [],
      input: [value('x', 'float', ['N', 1]), value('y', 'float', ['N', 1])],
      output: [value('label', 'string', ['N']), value('probabilities', 'float', ['N', 3])],
    },
  })
}

test('explains of several classes the one that won or the one asked for, and finds the way to another', async (t) => {
  const running = await runProcess(t)
  const signature = {
    inputs: ['x', 'y'].map((name) => ({ name, type: 'double' as const, required: true })),
    outputs: [
      { name: 'label', type: 'string' as const },
      { name: 'probabilities', type: 'float' as const },
    ],
  }
  const files = running.files.add(classModel())
  const accepted = await running.putPlan({
    revision: 1,
    deployments: [
      { name: 'flights', variants: [flightVariant(running.files, { version: 1, files, signature })] },
    ],
  })
  assert.equal(accepted.status, 200, accepted.text)
  const ask = async (options: object) => {
    const body = { rows: [{ x: 2, y: 1 }], ...options }
    const { status, json, text: said } = await running.send('POST', '/deployments/flights/explain', body)
    assert.equal(status, 200, said)
    return (json as ClassAnswer).explanations[0]
  }
  const won = await ask({ counterfactual: { target: { label: 'high' } } })
  assert.equal(won?.class, 'mid')
  assert.equal(won.scale, 'class_score')
  assert.deepEqual(won.reasons, ['x 2 raised the score of mid by 2'])
  assert.equal(won.counterfactual.found, true)
  const other = await ask({ class: 'high', counterfactual: { target: 'other', fixed: ['y'] } })
  assert.equal(other?.class, 'high')
  assert.deepEqual(other.reasons, ['y 1 raised the score of high by 1'])
  assert.deepEqual(
    other.counterfactual.changes.map(({ field }) => field),
    ['x'],
  )
  const unknown = { rows: [{ x: 2, y: 1 }], class: 'none' }
  assert.equal((await running.send('POST', '/deployments/flights/explain', unknown)).status, 400)
})

interface ClassAnswer {
  readonly explanations: readonly {
    readonly class: string
    readonly scale: string
    readonly reasons: readonly string[]
    readonly counterfactual: { readonly found: boolean; readonly changes: readonly { field: string }[] }
  }[]
}

test('goes on predicting while a thousand rows are explained', async (t) => {
  const trainer = trainers.find(({ name }) => name === 'gradient-boosting')
  assert.ok(trainer !== undefined)
  const { onnx, signature } = fitModel(trainer, {
    frame: plantedFrame(2000, 1),
    label: 'late',
    features: plantedFeatures,
    task: 'binary',
    parameters: {},
    seed: 1,
  })
  const running = await runProcess(t)
  const files = running.files.add(onnx)
  await running.putPlan({
    revision: 1,
    deployments: [
      { name: 'flights', variants: [flightVariant(running.files, { version: 1, files, signature })] },
    ],
  })
  const row = { level: 50, load: 0.5, shop: 'shop-3', slot: 2 }
  await running.send('POST', '/deployments/flights/explain', { rows: [row] })
  const state = { isOver: false }
  const rows = Array.from({ length: 1000 }, (_, i) => ({ ...row, level: i % 101 }))
  const explaining = running.send('POST', '/deployments/flights/explain', { rows }).then((answer) => {
    state.isOver = true
    return answer
  })
  let answered = 0
  while (!state.isOver) {
    const { status } = await running.send('POST', '/deployments/flights/predict', { rows: [row] })
    assert.equal(status, 200)
    if (!state.isOver) answered++
  }
  const { status, json } = await explaining
  assert.equal(status, 200)
  const { explanations } = json as Answer
  assert.equal(explanations.length, 1000)
  assert.equal(explanations[0]?.method, 'interventional_tree_shap')
  assert.ok(answered >= 3, `${answered} predictions meanwhile`)
})

/** A model of one field that holds two numbers. */
function tensorModel(): Uint8Array {
  return encodeModel({
    irVersion: 8,
    opsetImport: [{ version: 17 }],
    metadataProps: [],
    graph: {
      name: 'tensor',
      node: [
        node({ type: 'MatMul' }, { inputs: ['x', 'weights'], outputs: ['column'] }),
        node({ type: 'Reshape' }, { inputs: ['column', 'flat'], outputs: ['prediction'] }),
      ],
      initializer: [floatTensor('weights', [2, 1], [1, 1]), int64Tensor('flat', [1], [-1])],
      input: [value('x', 'float', ['N', 2])],
      output: [value('prediction', 'float', ['N'])],
    },
  })
}

test('refuses models that it cannot explain by field', async (t) => {
  const running = await runProcess(t)
  const settings = graphSettingsSchema.parse({
    graph: { nodes: [{ name: 'only', model: 'flights@champion' }] },
  }).graph
  const node = variantPlanSchema.parse(flightVariant(running.files, { version: 1 }))
  const variant = {
    name: 'champion',
    model: 'graph/one',
    version: 1,
    weight: 100,
    files: [],
    ...graphVersion(settings, new Map([['only', node]])),
  }
  const accepted = await running.putPlan({
    revision: 1,
    deployments: [{ name: 'flights', variants: [variant] }],
  })
  assert.equal(accepted.status, 200, accepted.text)
  const { status, text: said } = await running.send('POST', '/deployments/flights/explain', {
    rows: [flightRow],
  })
  assert.equal(status, 400)
  assert.match(said, /several models that answer as one/)
  const files = running.files.add(tensorModel())
  const signature = {
    inputs: [{ name: 'x', type: 'float' as const, required: true, shape: [2] }],
    outputs: [{ name: 'prediction', type: 'float' as const }],
  }
  const tensors = await running.putPlan({
    revision: 2,
    deployments: [
      { name: 'flights', variants: [flightVariant(running.files, { version: 2, files, signature })] },
    ],
  })
  assert.equal(tensors.status, 200, tensors.text)
  const refused = await running.send('POST', '/deployments/flights/explain', { rows: [{ x: [1, 2] }] })
  assert.equal(refused.status, 400)
  assert.match(refused.text, /takes tensors/)
})
