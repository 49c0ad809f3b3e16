import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { encodeModel, value, type Model } from '#platform/onnx/index'
import {
  openTables,
  quoteName,
  quoteText,
  type Column,
  type Frame,
  type Tables,
} from '#platform/tables/index'
import { featureSchema, type FeatureConfig } from '../feature-contract.ts'
import type { FeatureRequest, RawKind } from './fit-feature.ts'
import { applyPreparation, fitPreparation, preparationGraph, type Preparation } from './preparation.ts'

const shared = join(import.meta.dirname, '../../../../../shared/data')
const flights = join(import.meta.dirname, '../../../../node_modules/vega-datasets/data/flights-3m.parquet')

let tables: Tables
let directory = ''

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'devmlops-parity-'))
  tables = await openTables({
    allowedDirectories: [directory],
    allowedPaths: [
      ...['adult_train.csv', 'adult_test.csv'].map((name) => join(shared, name)),
      ...['2018-01', '2019-08'].map((month) => join(shared, 'taxi', `yellow_tripdata_sample_${month}.csv`)),
      flights,
    ],
    temporaryDirectory: join(directory, 'tmp'),
  })
})
after(() => {
  tables.close()
  rmSync(directory, { recursive: true })
})

interface Read {
  readonly frame: Frame
  readonly kindOf: (column: string) => RawKind
}

/** Raw columns as training reads them: times as milliseconds. */
async function read(relation: string): Promise<Read> {
  const columns = await tables.columns(`SELECT * FROM ${relation}`)
  const isTime = (type: string): boolean => /^(TIMESTAMP|DATE)/.test(type)
  const list = columns.map(({ name, type }) =>
    isTime(type) ? `epoch_ms(CAST(${quoteName(name)} AS TIMESTAMP)) AS ${quoteName(name)}` : quoteName(name),
  )
  const frame = await tables.frame(`SELECT ${list.join(', ')} FROM ${relation}`)
  const times = new Set(columns.filter(({ type }) => isTime(type)).map(({ name }) => name))
  return {
    frame,
    kindOf: (name) =>
      times.has(name) ? 'time' : frame.columns[name]?.kind === 'category' ? 'text' : 'number',
  }
}

const request = ([name, config]: [string, unknown]): FeatureRequest => ({
  name,
  config: featureSchema.parse(config),
})

/** The graph's own answer on raw columns: doubles and texts, as a serving process feeds them. */
async function byGraph(
  preparation: Preparation,
  frame: Frame,
): Promise<Record<string, readonly (number | string)[]>> {
  const graph = preparationGraph(preparation, [])
  const columns = preparation.features.flatMap((feature) => feature.columns)
  const output = (name: string): string => graph.wires[name] ?? name
  const kind = (name: string): 'string' | 'float' =>
    columns.some(
      (column) => output(column.name) === name && ['text', 'fill_text'].includes(column.expression.kind),
    )
      ? 'string'
      : 'float'
  // A wire that is a graph input cannot be its output too.
  const outputs = [...new Set(columns.map(({ name }) => output(name)))].filter(
    (name) => !preparation.inputs.some((input) => input.name === name),
  )
  const model: Model = {
    irVersion: 10,
    opsetImport: [
      { version: graph.operatorSets.find(({ domain }) => domain === undefined)?.version ?? 17 },
      { domain: 'ai.onnx.ml', version: 5 },
      ...graph.operatorSets.filter(({ domain }) => domain !== undefined),
    ],
    metadataProps: [],
    graph: {
      name: 'features',
      node: graph.nodes,
      initializer: graph.initializers,
      input: preparation.inputs.map(({ name, kind: raw }) =>
        value(name, raw === 'text' ? 'string' : 'double', ['N', 1]),
      ),
      output: outputs.map((name) => value(name, kind(name), ['N', 1])),
    },
  }
  const session = await InferenceSession.create(encodeModel(model), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  })
  const feeds = Object.fromEntries(
    preparation.inputs.map(({ name }) => {
      const column = frame.columns[name] ?? assert.fail(name)
      return [
        name,
        column.kind === 'number'
          ? new Tensor('float64', Float64Array.from(column.values), [frame.rows, 1])
          : new Tensor('string', textsOf(column), [frame.rows, 1]),
      ]
    }),
  )
  const results = await session.run(feeds)
  return Object.fromEntries(
    columns.flatMap(({ name }) => {
      const data = results[output(name)]?.data
      return data === undefined ? [] : [[name, [...(data as Float32Array | string[])]]]
    }),
  )
}

function textsOf(column: Extract<Column, { kind: 'category' }>): string[] {
  return Array.from(column.codes, (code) => column.levels[code] ?? '')
}

async function assertSame(preparation: Preparation, frame: Frame): Promise<number> {
  const graph = await byGraph(preparation, frame)
  const offline = applyPreparation(preparation, frame)
  let compared = 0
  for (const [name, wanted] of Object.entries(graph)) {
    const column = offline[name] ?? assert.fail(name)
    const own = column.kind === 'number' ? column.values : textsOf(column)
    assert.equal(wanted.length, own.length, name)
    for (const [row, expected] of own.entries()) {
      const found = wanted[row]
      if (typeof expected === 'string' || Number.isNaN(expected)) {
        assert.deepEqual(found, expected, `${name}, row ${row}`)
      } else {
        const allowed = 1e-6 * Math.max(1, Math.abs(expected))
        assert.ok(
          Math.abs((found as number) - expected) <= allowed,
          `${name}, row ${row}: ${found}, not ${expected}`,
        )
      }
      compared++
    }
  }
  return compared
}

const skipWithout = (path: string): { skip?: string } =>
  existsSync(path) ? {} : { skip: `${path} is not there` }

describe('the graph of a preparation gives what was computed offline', () => {
  it(
    'on census rows with missing text and with a country that training never saw',
    skipWithout(shared),
    async () => {
      const csv = (part: string): string =>
        `read_csv(${quoteText(join(shared, `adult_${part}.csv`))}, nullstr = 'NA')`
      const train = await read(
        `(SELECT * FROM ${csv('train')} WHERE native_country <> 'Mexico' OR native_country IS NULL)`,
      )
      const test = await read(csv('test'))
      const features: Record<string, unknown> = {
        country: { column: 'native_country', encode: 'ordinal' },
        country_mean: { column: 'native_country', encode: { target: { smoothing: 10 } } },
        work: { column: 'workclass', impute: 'most_frequent', encode: 'one_hot' },
        job: { column: 'occupation', impute: { value: 'none' } },
        job_hash: { column: 'occupation', encode: { hash: 8 } },
        job_words: { column: 'occupation', encode: { hash: 16, words: true } },
        age: { column: 'age', scale: 'standard' },
        age_band: { column: 'age', bucket: [18, 25, 35, 50, 65] },
        hours: { column: 'hours_per_week', bucket: { quantiles: 6 }, encode: 'one_hot' },
        gain: { column: 'capital_gain', log: { plus: 1 }, scale: 'min_max' },
        loss_ratio: { ratio: ['capital_loss', 'capital_gain'] },
        balance: {
          difference: ['capital_gain', 'capital_loss'],
          bucket: { equal_width: 10 },
          encode: 'category',
        },
        school: { column: 'education_num', encode: 'ordinal' },
      }
      const label = Float64Array.from(
        textsOf(train.frame.columns['class'] as Extract<Column, { kind: 'category' }>),
        (text: string) => Number(text === '>50K'),
      )
      const { preparation } = fitPreparation(Object.entries(features).map(request), { ...train, label })
      const compared =
        (await assertSame(preparation, train.frame)) + (await assertSame(preparation, test.frame))
      assert.ok(compared > 2_000_000, `${compared} values`)
    },
  )

  it('on taxi rows with missing numbers and times', skipWithout(shared), async () => {
    const month = (name: string): string =>
      `read_csv(${quoteText(join(shared, 'taxi', `yellow_tripdata_sample_${name}.csv`))})`
    const train = await read(month('2018-01'))
    const test = await read(
      `(SELECT * REPLACE (CASE WHEN fare_amount > 50 THEN NULL ELSE pickup_datetime END AS pickup_datetime) FROM ${month('2019-08')})`,
    )
    const parts = ['minute', 'hour', 'weekday', 'day', 'day_of_year', 'month', 'year']
    const features: Record<string, unknown> = {
      ...Object.fromEntries(parts.map((part) => [part, { column: 'pickup_datetime', part }])),
      ...Object.fromEntries(
        parts
          .slice(0, -1)
          .map((part) => [`${part}_circle`, { column: 'pickup_datetime', part, cyclic: true }]),
      ),
      minutes: { difference: ['dropoff_datetime', 'pickup_datetime'], log: { plus: 1 }, impute: 'median' },
      speed: { ratio: ['trip_distance', 'fare_amount'], impute: 'mean', scale: 'standard' },
      passengers: { column: 'passenger_count', impute: 'most_frequent', encode: 'category' },
      vendor: { column: 'vendor_id', encode: 'one_hot' },
      flag: { column: 'store_and_fwd_flag', encode: 'ordinal' },
      filled: { column: 'store_and_fwd_flag', impute: { value: 'none' } },
      distance: { column: 'trip_distance', bucket: { quantiles: 20 } },
    }
    const { preparation } = fitPreparation(Object.entries(features).map(request), {
      ...train,
      label: undefined,
    })
    const compared =
      (await assertSame(preparation, train.frame)) + (await assertSame(preparation, test.frame))
    assert.ok(compared > 400_000, `${compared} values`)
  })

  it('on flights, and the parts of a date are those of DuckDB', skipWithout(flights), async () => {
    const rows = `(SELECT * FROM (SELECT * FROM read_parquet(${quoteText(flights)}) USING SAMPLE 20000 ROWS (reservoir, 7))
      UNION ALL BY NAME SELECT TIMESTAMP '1899-12-31 23:59:59' AS date UNION ALL BY NAME SELECT TIMESTAMP '2000-02-29 00:00:00' AS date
      UNION ALL BY NAME SELECT TIMESTAMP '1969-12-31 23:59:59.999' AS date UNION ALL BY NAME SELECT TIMESTAMP '2400-12-31 12:30:00' AS date)`
    const { frame, kindOf } = await read(rows)
    const names = {
      minute: 'minute',
      hour: 'hour',
      weekday: 'isodow',
      day: 'day',
      day_of_year: 'doy',
      month: 'month',
      year: 'year',
    }
    const features = Object.fromEntries(Object.keys(names).map((part) => [part, { column: 'date', part }]))
    const { preparation } = fitPreparation(
      Object.entries<unknown>({
        ...features,
        origin: { column: 'origin', encode: { hash: 32 } },
        far: { column: 'distance', log: true, scale: 'standard' },
      }).map(request),
      { frame, kindOf, label: undefined },
    )
    await assertSame(preparation, frame)
    const milliseconds = (frame.columns['date'] as Extract<Column, { kind: 'number' }>).values
    const list = Object.entries(names).map(
      ([part, own]) => `date_part('${own}', make_timestamp_ms(ms)) AS ${part}`,
    )
    const expected = await tables.frame(
      `SELECT ${list.join(', ')} FROM (SELECT unnest([${milliseconds.slice(-500).join(', ')}]::BIGINT[]) AS ms)`,
    )
    const offline = applyPreparation(preparation, frame)
    for (const part of Object.keys(names)) {
      const own = (offline[part] as Extract<Column, { kind: 'number' }>).values.slice(-500)
      assert.deepEqual(
        [...own],
        [...(expected.columns[part] as Extract<Column, { kind: 'number' }>).values],
        part,
      )
    }
  })

  it('on text with several spaces, letters beyond ASCII and nothing at all', async () => {
    const cells = ['a b', 'a  b', ' a', '', 'Ünïcode ß', 'naïve 東京 🚕', 'a\tb', 'abc abcd abcde a']
    const frame: Frame = {
      rows: cells.length + 1,
      columns: { note: { kind: 'category', levels: cells, codes: Int32Array.from([...cells.keys(), -1]) } },
    }
    const source = { frame, kindOf: (): RawKind => 'text', label: undefined }
    const { preparation, columns } = fitPreparation(
      Object.entries<unknown>({
        whole: { column: 'note', encode: { hash: 4 } },
        words: { column: 'note', encode: { hash: 4, words: true } },
        filled: { column: 'note', impute: { value: 'none' }, encode: { hash: 4, words: true } },
      }).map(request),
      source,
    )
    await assertSame(preparation, frame)
    const hits = (name: string, row: number): number =>
      [0, 1, 2, 3].reduce(
        (sum, i) => sum + ((columns[`${name}#${i}`] as Extract<Column, { kind: 'number' }>).values[row] ?? 0),
        0,
      )
    assert.deepEqual(
      [0, 1, 3, 7, 8].map((row) => hits('words', row)),
      [2, 2, 0, 4, 0],
    )
    assert.deepEqual(
      [0, 3, 8].map((row) => hits('whole', row)),
      [1, 0, 0],
    )
    assert.deepEqual(
      [3, 8].map((row) => hits('filled', row)),
      [1, 1],
    )
  })
})

it('a feature is fitted on the rows that are learned from, in this order of steps', () => {
  const config = (given: unknown): FeatureConfig => featureSchema.parse(given)
  const frame: Frame = {
    rows: 4,
    columns: { x: { kind: 'number', values: Float64Array.from([1, Number.NaN, 3, 8]) } },
  }
  const source = { frame, kindOf: (): RawKind => 'number', label: undefined }
  const fitted = fitPreparation(
    [{ name: 'x', config: config({ column: 'x', impute: 'median', scale: 'min_max' }) }],
    source,
  )
  assert.deepEqual(fitted.preparation.features[0]?.statistics, { impute: 3, center: 1, spread: 7 })
  const later: Frame = {
    rows: 2,
    columns: { x: { kind: 'number', values: Float64Array.from([Number.NaN, 1000]) } },
  }
  const applied = applyPreparation(fitted.preparation, later)
  assert.deepEqual(applied['x'], { kind: 'number', values: Float64Array.from([2 / 7, 999 / 7]) })
})
