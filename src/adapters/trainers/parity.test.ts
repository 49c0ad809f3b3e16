import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { decodeModel } from '#platform/onnx/index'
import type { Frame } from '#platform/tables/frame'
import { fitModel, scoreModel } from '#lifecycle/training/index'
import type { FeatureSpec, FittedModel, Task, Trainer } from '#lifecycle/training/index'
import { trainers } from './index.ts'
import { frameOf, plantedFeatures, plantedFrame } from './planted.fixture.ts'

const trained = plantedFrame(3000, 1)

/** What training never saw: other levels, missing cells in every column, huge and tiny numbers, values next to bounds. */
const strange = frameOf({
  level: [50, Number.NaN, -1e30, 3.4e38, 60.000001, 59.999999, 60, 0, -0, 1e-40, 12.3, 77],
  load: [0.1, -0.2, Number.NaN, 5, -5, 0, 1e9, 0.3, 0.4, 0.5, Number.NaN, -1.25],
  shop: [
    'shop-1',
    '',
    'shop-99',
    'Ünbekannt',
    'shop-2',
    'shop-3',
    '',
    'shop-39',
    'shop-0',
    'SHOP-1',
    'shop-7',
    ' shop-1',
  ],
  slot: [0, 1, 2, 3, 4, 5, Number.NaN, -1, 2, 2.5, 1, 0],
})

const session = (onnx: Uint8Array) =>
  InferenceSession.create(onnx, { intraOpNumThreads: 1, logSeverityLevel: 3 })

function feedsOf(frame: Frame, features: readonly FeatureSpec[]): Record<string, Tensor> {
  return Object.fromEntries(
    features.map(({ name }) => {
      const column = frame.columns[name]!
      const cells =
        column.kind === 'number'
          ? new Tensor('float32', Float32Array.from(column.values), [frame.rows, 1])
          : new Tensor(
              'string',
              Array.from(column.codes, (code) => column.levels[code] ?? ''),
              [frame.rows, 1],
            )
      return [name, cells]
    }),
  )
}

async function graphScores(model: FittedModel, frame: Frame) {
  const outputs = await (await session(model.onnx)).run(feedsOf(frame, model.features))
  return {
    scores: Array.from((outputs['probability'] ?? outputs['prediction'])?.data as Float32Array),
    labels: Array.from((outputs['label']?.data ?? []) as BigInt64Array, Number),
  }
}

function assertSame(graph: readonly number[], own: Float64Array): void {
  assert.equal(graph.length, own.length)
  for (const [i, score] of graph.entries()) {
    const expected = own[i] as number
    const allowed = 1e-5 * Math.max(1, Math.abs(expected))
    assert.ok(Math.abs(score - expected) <= allowed, `row ${i}: graph ${score}, trainer ${expected}`)
  }
}

const cases = trainers.flatMap((trainer) => trainer.tasks.map((task): [Trainer, Task] => [trainer, task]))

for (const [trainer, task] of cases) {
  const fit = (parameters: Record<string, unknown> = {}) =>
    fitModel(trainer, {
      frame: trained,
      label: task === 'binary' ? 'late' : 'minutes',
      features: plantedFeatures,
      task,
      parameters,
      seed: 3,
    })

  test(`the graph of ${trainer.name} scores a ${task} like the trainer, strange rows too`, async () => {
    const model = fit()
    for (const frame of [trained, strange]) {
      const graph = await graphScores(model, frame)
      const own = scoreModel(trainer, model, frame)
      assertSame(graph.scores, own)
      if (task === 'binary')
        assert.deepEqual(
          graph.labels,
          graph.scores.map((score) => (score >= 0.5 ? 1 : 0)),
        )
    }
  })

  test(`the graph of ${trainer.name} for a ${task} says what it takes and gives`, async () => {
    const model = fit()
    const { inputMetadata, outputMetadata } = await session(model.onnx)
    const describe = (metadata: typeof inputMetadata) =>
      metadata.map((each) => (each.isTensor ? [each.name, each.type, each.shape] : [each.name]))
    assert.deepEqual(describe(inputMetadata), [
      ['level', 'float32', ['N', 1]],
      ['load', 'float32', ['N', 1]],
      ['shop', 'string', ['N', 1]],
      ['slot', 'float32', ['N', 1]],
    ])
    assert.deepEqual(
      describe(outputMetadata),
      task === 'binary'
        ? [
            ['probability', 'float32', ['N']],
            ['label', 'int64', ['N']],
          ]
        : [['prediction', 'float32', ['N']]],
    )
    const properties = decodeModel(model.onnx).metadataProps.map(({ key, value }) => [key, value])
    assert.deepEqual(properties, [
      ['trainer', trainer.name],
      ['task', task],
    ])
    assert.deepEqual(
      model.signature.inputs.map(({ name, type, required }) => [name, type, required]),
      [
        ['level', 'double', false],
        ['load', 'double', true],
        ['shop', 'string', false],
        ['slot', 'double', true],
      ],
    )
  })

  test(`${trainer.name} fits the same ${task} bit for bit a second time`, () => {
    assert.deepEqual(fit().onnx, fit().onnx)
  })
}

test('the graph of trees of one feature of each kind, and of a tree that found nothing, agrees too', async () => {
  const trainer = trainers.find(({ name }) => name === 'gradient-boosting')!
  const tables = [
    { frame: trained, features: [{ name: 'load', kind: 'number' as const }] },
    { frame: trained, features: [{ name: 'shop', kind: 'category' as const }] },
    { frame: frameOf({ x: [1, 1, 1], late: [0, 1, 1] }), features: [{ name: 'x', kind: 'number' as const }] },
    {
      frame: frameOf({ x: ['', '', ''], late: [0, 1, 1] }),
      features: [{ name: 'x', kind: 'category' as const }],
    },
  ]
  for (const { frame, features } of tables) {
    const model = fitModel(trainer, {
      frame,
      features,
      label: 'late',
      task: 'binary',
      parameters: {},
      seed: 0,
    })
    assertSame((await graphScores(model, frame)).scores, scoreModel(trainer, model, frame))
  }
})

test('a large set of levels on either side of a split is exported whole', async () => {
  const trainer = trainers.find(({ name }) => name === 'gradient-boosting')!
  const cities = Array.from({ length: 6000 }, (_, i) => `city-${(i * 7) % 300}`)
  const late = cities.map((city, i) => Number((Number(city.slice(5)) % 3 === 0) !== (i % 11 === 0)))
  const frame = frameOf({ city: cities, late })
  const model = fitModel(trainer, {
    frame,
    features: [{ name: 'city', kind: 'category' }],
    label: 'late',
    task: 'binary',
    parameters: { max_categories: 1000, max_category_set: 1000, min_category_set_rows: 1, trees: 5 },
    seed: 0,
  })
  assertSame((await graphScores(model, frame)).scores, scoreModel(trainer, model, frame))
})
