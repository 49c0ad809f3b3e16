import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { trainers } from '#adapters/trainers/index'
import { preparationDigest, type ViewsConfig } from '#lifecycle/features/index'
import { viewSchema } from '../features/views/feature-view.ts'
import type { Column, Frame } from '#platform/tables/index'
import { trainStepSchema } from './contract.ts'
import { fitModel, scoreModel } from './fit-model.ts'
import { prepareFeatures, wantedFeatures, type PreparedTable } from './prepare-features.ts'
import { trainerFor } from './trainer-choice.ts'

const views: ViewsConfig = {
  trip: viewSchema.parse({
    features: {
      hour: { column: 'at', part: 'hour', cyclic: true, impute: { value: 12 } },
      weekday: { column: 'at', part: 'weekday', encode: 'category' },
      zone: { column: 'zone', impute: { value: 'none' }, encode: { target: { smoothing: 5 } } },
      words: { column: 'zone', encode: { hash: 4, words: true } },
      speed: { ratio: ['distance', 'minutes'], impute: 'median', scale: 'standard' },
    },
  }),
  zone: viewSchema.parse({
    source: 'trips',
    entity: 'zone',
    time: 'at',
    features: { mean_fare: { aggregate: 'mean', of: 'fare', over: '7d', impute: 'mean', scale: 'min_max' } },
  }),
}

const step = (features: unknown) =>
  trainStepSchema.parse({ data: 'rows', label: 'tipped', features, candidates: [{ trainer: 'majority' }] })

function numbers(rows: number, value: (row: number) => number): Column {
  return { kind: 'number', values: Float64Array.from({ length: rows }, (_, row) => value(row)) }
}

function texts(rows: number, value: (row: number) => string): Column {
  const cells = Array.from({ length: rows }, (_, row) => value(row))
  const levels = [...new Set(cells.filter((cell) => cell !== ''))]
  return { kind: 'category', levels, codes: Int32Array.from(cells, (cell) => levels.indexOf(cell)) }
}

/** Rows with gaps in every column; `shift` moves all of their statistics. */
function trips(rows: number, shift = 0): Frame {
  const label = numbers(rows, (row) => Number((row * 31) % 7 < 3))
  return {
    rows,
    columns: {
      at: numbers(rows, (row) => (row % 13 === 5 ? Number.NaN : 1.5e12 + row * 3_917_000)),
      zone: texts(rows, (row) => (row % 11 === 3 ? '' : `north side ${(row + shift) % 9}`)),
      distance: numbers(rows, (row) => (row % 17 === 1 ? Number.NaN : (row % 23) + shift)),
      minutes: numbers(rows, (row) => (row % 29 === 2 ? 0 : 1 + (row % 19))),
      zone__mean_fare: numbers(rows, (row) => (row % 7 === 0 ? Number.NaN : 10 + shift + (row % 5))),
      tipped: label,
    },
  }
}

const types = new Map([
  ['at', 'TIMESTAMP'],
  ['zone', 'VARCHAR'],
])

function prepare(features: unknown, frame: Frame, validation?: Frame): PreparedTable {
  const label = (frame.columns['tipped'] as Extract<Column, { kind: 'number' }>).values
  return prepareFeatures({
    wanted: wantedFeatures(step(features), views),
    frame,
    validation,
    types,
    label: () => label,
  })
}

const everything = [
  'trip.*',
  'zone.mean_fare',
  'distance',
  { name: 'long', column: 'distance', bucket: [5, 10] },
]

describe('the features of a train step', () => {
  it('are fitted on the rows that are learned from; other rows never move a statistic', () => {
    const frame = trips(500)
    const alone = prepare(everything, frame)
    const beside = prepare(everything, frame, trips(300, 1000))
    assert.ok(alone.fitted !== undefined && beside.fitted !== undefined)
    assert.equal(preparationDigest(beside.fitted), preparationDigest(alone.fitted))
    const shifted = prepare(everything, trips(500, 1000))
    assert.ok(shifted.fitted !== undefined)
    assert.notEqual(preparationDigest(shifted.fitted), preparationDigest(alone.fitted))
    const scaled = beside.validation?.columns['zone.mean_fare'] as Extract<Column, { kind: 'number' }>
    assert.ok(
      Math.min(...scaled.values.filter((_, row) => row % 7 !== 0)) > 100,
      'scaled as the rows learned from',
    )
  })

  it('by the label are made of the labels of other rows', () => {
    const frame = trips(500)
    const { frame: prepared } = prepare(['trip.zone'], frame)
    const encoded = (prepared.columns['trip.zone'] as Extract<Column, { kind: 'number' }>).values
    const label = (frame.columns['tipped'] as Extract<Column, { kind: 'number' }>).values
    const flipped = {
      ...frame,
      columns: {
        ...frame.columns,
        tipped: numbers(500, (row) => (row === 40 ? 1 - (label[row] as number) : (label[row] as number))),
      },
    }
    const again = (
      prepare(['trip.zone'], flipped).frame.columns['trip.zone'] as Extract<Column, { kind: 'number' }>
    ).values
    assert.equal(again[40], encoded[40], 'its own label does not count')
    assert.notDeepEqual(again, encoded)
  })

  it('are computed by the graph from raw columns: it scores rows as the trainer scores prepared ones', async () => {
    const frame = trips(600)
    const { preparation, features, frame: prepared, validation } = prepare(everything, frame, trips(80, 2))
    for (const name of ['majority', 'logistic-regression', 'gradient-boosting']) {
      const trainer = trainerFor(name, trainers, 'binary')
      const request = {
        frame: prepared,
        label: 'tipped',
        features,
        task: 'binary' as const,
        parameters: {},
        seed: 1,
        preparation,
      }
      const model = fitModel(trainer, request)
      assert.deepEqual(
        model.signature.inputs
          .toSorted((left, right) => (left.name < right.name ? -1 : 1))
          .map((input) => [input.name, input.type, input.required]),
        [
          ['at', 'datetime', false],
          ['distance', 'double', false],
          ['minutes', 'double', true],
          ['zone', 'string', false],
          ['zone__mean_fare', 'double', false],
        ],
      )
      const other = trips(80, 2)
      const session = await InferenceSession.create(model.onnx, { logSeverityLevel: 3, intraOpNumThreads: 1 })
      const doubles = new Set(
        session.inputMetadata
          .filter((input) => input.isTensor && input.type === 'float64')
          .map(({ name: input }) => input),
      )
      const feeds = model.signature.inputs.map(({ name: input }): [string, Tensor] => {
        const column = other.columns[input] ?? assert.fail(input)
        return [
          input,
          column.kind === 'number'
            ? doubles.has(input)
              ? new Tensor('float64', Float64Array.from(column.values), [80, 1])
              : new Tensor('float32', Float32Array.from(column.values), [80, 1])
            : new Tensor(
                'string',
                Array.from(column.codes, (code) => column.levels[code] ?? ''),
                [80, 1],
              ),
        ]
      })
      const scores = (await session.run(Object.fromEntries(feeds)))['probability']?.data as Float32Array
      const own = scoreModel(trainer, model, validation ?? assert.fail())
      assert.equal(scores.length, own.length)
      for (const [row, expected] of own.entries()) {
        assert.ok(
          Math.abs((scores[row] as number) - expected) <= 1e-5,
          `${name}, row ${row}: ${scores[row]}, not ${expected}`,
        )
      }
    }
  })

  it('are refused when the row alone cannot give them, or when they do not fit their column', () => {
    const refuses = (features: unknown, message: RegExp, code: string): void =>
      assert.throws(() => prepare(features, trips(50)), { code, message })
    const own = (config: object): unknown => [{ name: 'x', ...config }]
    refuses(
      own({ aggregate: 'count', over: '7d' }),
      /aggregate, which cannot be computed from one row/,
      'invalid_input',
    )
    refuses(own({ lag: 'minutes' }), /lag, which cannot be computed from one row/, 'invalid_input')
    refuses(
      own({ column: 'minutes', part: 'hour' }),
      /takes the hour of "minutes", which is no time/,
      'invalid_input',
    )
    refuses(
      own({ column: 'zone', scale: 'standard' }),
      /scale of "x" needs a number, and its column is text/,
      'invalid_input',
    )
    refuses(own({ column: 'zone', impute: 'mean' }), /is text, which has no mean/, 'invalid_input')
    refuses(own({ column: 'minutes', encode: { hash: 4 } }), /only text is hashed/, 'invalid_input')
    refuses(['trip.hours'], /"trip" has no feature "hours"/, 'not_found')
    refuses(
      ['minutes', { name: 'minutes', column: 'minutes', log: true }],
      /Two features are called "minutes"/,
      'invalid_input',
    )
    const empty = { ...trips(50), columns: { ...trips(50).columns, minutes: numbers(50, () => Number.NaN) } }
    assert.throws(() => prepare(own({ column: 'minutes', scale: 'standard' }), empty), {
      code: 'training_failed',
      message: /missing in every row/,
    })
  })
})
