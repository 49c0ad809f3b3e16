import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RowBatch } from '#lifecycle/serving/model-runtime-point'
import { fitModel } from '#lifecycle/training/index'
import { decodeModel } from '#platform/onnx/index'
import { plantedFeatures, plantedFrame } from '../../trainers/planted.fixture.ts'
import { trainers } from '../../trainers/index.ts'
import { createCompiledScorer, parseModel, type ParsedModel } from '../compiled/index.ts'
import { createModelExplainer } from './index.ts'
import { randomNumbers, randomTrees } from './random-trees.fixture.ts'

const rows = 40

for (const trainer of trainers.filter(({ name }) => !['majority', 'mean'].includes(name))) {
  for (const task of trainer.tasks) {
    test(`explains ${trainer.name} for a ${task} by its fields, up to the score that it gives`, async () => {
      const { onnx, signature } = fitModel(trainer, {
        frame: plantedFrame(1000, 1),
        label: task === 'binary' ? 'late' : 'minutes',
        features: plantedFeatures,
        task,
        parameters: {},
        seed: 3,
      })
      const parsed = parseModel(decodeModel(onnx), signature)
      assert.ok(parsed.model !== undefined, 'reason' in parsed ? parsed.reason : '')
      const next = randomNumbers(5)
      const count = (isText: boolean) =>
        signature.inputs.filter(({ type }) => (type === 'string') === isText).length
      const batchOf = (size: number): RowBatch => ({
        rows: size,
        numbers: Float64Array.from({ length: size * count(false) }, () => Math.floor(next() * 24)),
        texts: Array.from({ length: count(true) }, () =>
          Array.from({ length: size }, () => `shop-${Math.floor(next() * 50)}`),
        ),
      })
      const batch = batchOf(rows)
      const scored = createCompiledScorer(parsed.model)(batch).outputs[0]?.values ?? []
      const explainer = createModelExplainer(parsed.model, signature.inputs.length)
      for (const background of [undefined, batchOf(16)]) {
        const explained = await explainer.explain(batch, {
          output: signature.outputs[0]?.name ?? '',
          places: Array(rows).fill(0),
          background,
        })
        assert.ok(explained !== undefined)
        assert.equal(explained.comparedWith, background === undefined ? 'usual_row' : 'examples')
        for (let row = 0; row < rows; row++) {
          const own = explained.contributions.subarray(
            row * signature.inputs.length,
            (row + 1) * signature.inputs.length,
          )
          const raw = own.reduce((sum, value) => sum + value, explained.base[row] ?? 0)
          const answer = task === 'binary' ? 1 / (1 + Math.exp(-raw)) : raw
          const given = Number(scored[row])
          assert.ok(Math.abs(answer - given) <= 1e-5 * Math.max(1, Math.abs(given)), `${answer} for ${given}`)
        }
      }
      assert.ok([...explainer.candidates().values()].flat().length > 0 || !trainer.name.includes('boost'))
    })
  }
}

/** Two fields side by side, one column computed from both, and trees on top. */
function parsedTrees(link: 'logistic' | 'identity', complement: 'none' | 'one_minus'): ParsedModel {
  return {
    inputs: [
      { name: 'a', kind: 'number', field: 0 },
      { name: 'b', kind: 'number', field: 2 },
    ],
    columns: [
      { name: 'a', inputs: [0] },
      { name: 'b', inputs: [1] },
      { name: 'a / b', inputs: [0, 1] },
    ],
    predictor: randomTrees({ trees: 4, depth: 4, columns: 3 }),
    classes: undefined,
    scores: [{ name: 'probability', values: [{ target: 0, offset: 0.5, link, complement }] }],
    program: {
      slots: [
        { type: 'double', width: 2 },
        { type: 'double', width: 1 },
        { type: 'double', width: 1 },
        { type: 'double', width: 1 },
        { type: 'double', width: 3 },
      ],
      steps: [
        { kind: 'pick', from: 0, to: 1, columns: Int32Array.of(0) },
        { kind: 'pick', from: 0, to: 2, columns: Int32Array.of(1) },
        { kind: 'binary', operation: 'divide', left: 1, right: 2, to: 3 },
        { kind: 'join', from: [0, 3], to: 4 },
      ],
      loads: [{ slot: 0, kind: 'number', places: [0, 1] }],
      matrix: 4,
      predictorStep: 4,
      outputs: [],
    },
  }
}

const asked = { output: 'probability', places: [0], background: undefined }
const one: RowBatch = { rows: 1, numbers: Float64Array.of(0.3, 0.8), texts: [] }

test('splits what a computed column got evenly between its fields, and turns signs for the other class', async () => {
  const direct = await createModelExplainer(parsedTrees('logistic', 'none'), 3).explain(one, asked)
  assert.equal(direct?.method, 'tree_shap')
  assert.equal(direct.scale, 'log_odds')
  assert.equal(direct.contributions[1], 0, 'a field that the graph does not read')
  for (const link of ['logistic', 'identity'] as const) {
    const turned = await createModelExplainer(parsedTrees(link, 'one_minus'), 3).explain(one, asked)
    assert.deepEqual(
      Array.from(turned?.contributions ?? [], (value) => -value || 0),
      Array.from(direct.contributions, (value) => value || 0),
    )
    const expected = link === 'identity' ? 1 - (direct.raw[0] ?? 0) : -(direct.raw[0] ?? 0)
    assert.ok(Math.abs((turned?.raw[0] ?? 0) - expected) < 1e-12)
  }
})

test('has nothing to say of an output that is no score of the model, and refuses scores that are no numbers', async () => {
  const explainer = createModelExplainer(parsedTrees('logistic', 'none'), 3)
  assert.equal(await explainer.explain(one, { ...asked, output: 'label' }), undefined)
  const model = { ...parsedTrees('logistic', 'none') }
  const predictor = {
    kind: 'linear' as const,
    targets: 1,
    coefficients: Float64Array.of(1, 1, 1),
    base: Float64Array.of(0),
  }
  const missing = { ...one, numbers: Float64Array.of(Number.NaN, 1) }
  await assert.rejects(
    createModelExplainer({ ...model, predictor }, 3).explain(missing, asked),
    /cannot be explained/,
  )
})

test('lets other work go on between rows', async () => {
  const many: RowBatch = {
    rows: 20_000,
    numbers: Float64Array.from({ length: 40_000 }, randomNumbers(9)),
    texts: [],
  }
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  const places = Array<number>(many.rows).fill(0)
  await createModelExplainer(parsedTrees('logistic', 'none'), 3).explain(many, { ...asked, places })
  isOver = true
  assert.ok(turns > 3, String(turns))
  await assert.rejects(
    createModelExplainer(parsedTrees('logistic', 'none'), 3).explain(many, {
      ...asked,
      places,
      deadlineAt: 0,
    }),
    /of 20000 rows were explained in time/,
  )
})
