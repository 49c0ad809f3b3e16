import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RowBatch } from '#lifecycle/serving/model-runtime-point'
import { flightModel, flightSignature } from '#lifecycle/serving/process/fixtures/small-models'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { fitModel } from '#lifecycle/training/index'
import {
  decodeModel,
  encodeModel,
  float,
  floats,
  integers,
  node,
  strings,
  text,
  value,
} from '#platform/onnx/index'
import { plantedFeatures, plantedFrame } from '../../trainers/planted.fixture.ts'
import { trainers } from '../../trainers/index.ts'
import { createSessionScorer } from '../onnx/session-scorer.ts'
import { createCompiledScorer, parseModel, prepareRows } from './index.ts'

const rows = 300

/** Values on both sides of what training saw, some missing, some unknown. */
function batchFor(signature: ModelSignature, seed = 1): RowBatch {
  let state = seed
  const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647
  const numeric = signature.inputs.filter(({ type }) => type !== 'string')
  const numbers = Float64Array.from({ length: numeric.length * rows }, (_, i) => {
    const field = numeric[Math.floor(i / rows)]
    if (field?.required === false && next() < 0.1) return Number.NaN
    return field?.type === 'double' && next() < 0.5 ? next() * 100 : Math.floor(next() * 6)
  })
  const texts = signature.inputs
    .filter(({ type }) => type === 'string')
    .map(() => Array.from({ length: rows }, () => (next() < 0.2 ? '' : `shop-${Math.floor(next() * 50)}`)))
  return { rows, numbers, texts }
}

async function assertSame(onnx: Uint8Array, signature: ModelSignature, tolerance: number): Promise<void> {
  const parsed = parseModel(decodeModel(onnx), signature)
  assert.ok(parsed.model !== undefined, 'reason' in parsed ? parsed.reason : '')
  const batch = batchFor(signature)
  const session = await createSessionScorer({ label: 'm v1', bytes: onnx, signature })
  const expected = await session.score(batch)
  const scored = createCompiledScorer(parsed.model)(batch)
  for (const [i, { name }] of signature.outputs.entries()) {
    const [own, theirs] = [scored.outputs[i]?.values ?? [], expected.outputs[i]?.values ?? []]
    assert.equal(own.length, theirs.length)
    for (let k = 0; k < own.length; k++) {
      const difference = Math.abs(Number(own[k]) - Number(theirs[k]))
      assert.ok(difference <= tolerance, `${name} of row ${k}: ${own[k]}, onnxruntime ${theirs[k]}`)
    }
  }
  await session.release()
}

for (const trainer of trainers.filter(({ name }) => !['majority', 'mean'].includes(name))) {
  for (const task of trainer.tasks) {
    test(`${trainer.name} for a ${task} scores as in onnxruntime`, async () => {
      const { onnx, signature } = fitModel(trainer, {
        frame: plantedFrame(2000, 1),
        label: task === 'binary' ? 'late' : 'minutes',
        features: plantedFeatures,
        task,
        parameters: {},
        seed: 3,
      })
      await assertSame(onnx, signature, task === 'binary' ? 1e-6 : 1e-4)
    })
  }
}

test('a product of columns and weights is a linear form on what the columns were made into', async () => {
  const onnx = flightModel(0.25)
  await assertSame(onnx, flightSignature, 1e-6)
  const { model } = parseModel(decodeModel(onnx), flightSignature)
  assert.deepEqual(
    model?.columns.map(({ name, inputs }) => [name, inputs.map((i) => model.inputs[i]?.name)]),
    [
      ['distance', ['distance']],
      ['origin', ['origin']],
    ],
  )
  assert.deepEqual(model?.scores, [
    { name: 'probability', values: [{ target: 0, offset: 0.25, link: 'logistic', complement: 'none' }] },
  ])
  const batch = { rows: 1, numbers: Float64Array.of(700, 1, 1, 1), texts: [['ATL'], ['']] }
  assert.deepEqual(model && Array.from(prepareRows(model, batch)), [700, 1])
})

const regression: ModelSignature = {
  inputs: [
    { name: 'a', type: 'double', required: true },
    { name: 'b', type: 'double', required: true },
  ],
  outputs: [{ name: 'prediction', type: 'float' }],
}

function forest(changes: Parameters<typeof node>[2]): Uint8Array {
  return encodeModel({
    irVersion: 8,
    opsetImport: [{ version: 17 }, { domain: 'ai.onnx.ml', version: 3 }],
    metadataProps: [],
    graph: {
      name: 'forest',
      node: [
        node(
          { type: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml' },
          { inputs: ['X'], outputs: ['prediction'] },
          {
            n_targets: { type: 2, i: 1 },
            nodes_treeids: integers([0, 0, 0, 1, 1, 1]),
            nodes_nodeids: integers([0, 1, 2, 0, 1, 2]),
            nodes_featureids: integers([0, 0, 0, 1, 0, 0]),
            nodes_modes: strings(['BRANCH_LT', 'LEAF', 'LEAF', 'BRANCH_GTE', 'LEAF', 'LEAF']),
            nodes_values: floats([50, 0, 0, 3, 0, 0]),
            nodes_truenodeids: integers([1, 0, 0, 1, 0, 0]),
            nodes_falsenodeids: integers([2, 0, 0, 2, 0, 0]),
            target_treeids: integers([0, 0, 1, 1]),
            target_nodeids: integers([1, 2, 1, 2]),
            target_ids: integers([0, 0, 0, 0]),
            target_weights: floats([0.1, 0.7, 10, 20]),
            nodes_hitrates: floats([10, 4, 6, 10, 7, 3]),
            base_values: floats([0.5]),
            ...changes,
          },
        ),
      ],
      initializer: [],
      input: [value('X', 'float', ['N', 2])],
      output: [value('prediction', 'float', ['N', 1])],
    },
  })
}

for (const aggregate of ['SUM', 'AVERAGE', 'MIN', 'MAX']) {
  test(`trees whose leaves go together by ${aggregate}, with other tests than "at most"`, async () => {
    await assertSame(forest({ aggregate_function: text(aggregate) }), regression, 0)
  })
}

test('how many rows passed a node is kept where the graph says it', () => {
  const { model } = parseModel(decodeModel(forest({})), regression)
  assert.deepEqual(
    model?.predictor.kind === 'trees' && Array.from(model.predictor.cover ?? []),
    [10, 4, 6, 10, 7, 3],
  )
})

test('a graph that is not covered is left alone, with the reason', () => {
  const reasonOf = (onnx: Uint8Array): string | undefined => {
    const parsed = parseModel(decodeModel(onnx), regression)
    return 'reason' in parsed ? parsed.reason : undefined
  }
  // The first node is its own child: a walk would never end.
  assert.match(
    reasonOf(forest({ nodes_truenodeids: integers([0, 0, 0, 1, 0, 0]) })) ?? '',
    /reached in two ways/,
  )
  assert.match(
    reasonOf(forest({ nodes_featureids: integers([9, 0, 0, 1, 0, 0]) })) ?? '',
    /column that is not there/,
  )
  assert.match(reasonOf(forest({ target_nodeids: integers([1, 9, 1, 2]) })) ?? '', /node that is not there/)
  assert.match(reasonOf(forest({ post_transform: text('PROBIT') })) ?? '', /PROBIT/)
  assert.match(reasonOf(forest({ base_values: floats([1, 2, 3]), other: float(1) })) ?? '', /base values/)
})
