import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openTables, quoteText, type Cell, type Tables } from '#platform/tables/index'
import { viewSchema, type EntityView } from '../views/feature-view.ts'
import { joinedRows, joinPointInTime, type JoinedView, type PointInTimeJoin } from './point-in-time.ts'

interface FeatureRow {
  readonly key: string | null
  readonly at: number | null
  readonly created: number | null
  readonly value: number | null
}

interface Moment {
  readonly key: string | null
  readonly at: number | null
}

let tables: Tables
let directory = ''

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'devmlops-join-'))
  tables = await openTables({ allowedDirectories: [directory], temporaryDirectory: join(directory, 'tmp') })
})
after(() => {
  tables.close()
  rmSync(directory, { recursive: true })
})

const time = (second: number | null): string =>
  second === null ? 'NULL' : `TIMESTAMP '2024-01-01 00:00:00' + to_seconds(${second})`
const text = (value: string | null): string => (value === null ? 'NULL' : quoteText(value))

async function fill(features: readonly FeatureRow[], moments: readonly Moment[]): Promise<void> {
  await tables.run(
    'CREATE OR REPLACE TABLE features (key VARCHAR, at_time TIMESTAMP, made TIMESTAMP, n DOUBLE)',
  )
  if (features.length > 0) {
    await tables.run(
      `INSERT INTO features VALUES ${features.map(({ key, at, created, value }) => `(${text(key)}, ${time(at)}, ${time(created)}, ${value ?? 'NULL'})`).join(', ')}`,
    )
  }
  await tables.run('CREATE OR REPLACE TABLE moments (id INTEGER, key VARCHAR, seen TIMESTAMP)')
  if (moments.length > 0) {
    await tables.run(
      `INSERT INTO moments VALUES ${moments.map(({ key, at }, id) => `(${id}, ${text(key)}, ${time(at)})`).join(', ')}`,
    )
  }
}

interface Settings {
  readonly ttl?: string
  readonly created?: string
  readonly boundary?: PointInTimeJoin['boundary']
  readonly features?: Record<string, unknown>
}

function joinedView({ ttl, created = 'made', features = { n: 'n' } }: Settings): JoinedView {
  const view = viewSchema.parse({
    source: 'features',
    entity: 'key',
    time: 'at_time',
    created,
    ...(ttl === undefined ? {} : { ttl }),
    features,
  }) as EntityView
  const names = Object.keys(features)
  return {
    name: 'view',
    view,
    relation: 'features',
    features: names,
    keyColumns: ['key'],
    columns: Object.fromEntries(names.map((name) => [name, `view__${name}`])),
  }
}

async function joined(settings: Settings = {}): Promise<Record<string, Cell>[]> {
  await joinPointInTime(tables, {
    rows: 'moments',
    label: 'moments',
    time: 'seen',
    boundary: settings.boundary ?? 'at_or_before',
    views: [joinedView(settings)],
  })
  // Without the moments: infinity is none in JavaScript.
  return tables.rows(`SELECT * EXCLUDE (seen) FROM (${joinedRows})`)
}

/** Reads the definition word for word, row by row. */
function newestKnown(
  features: readonly FeatureRow[],
  { key, at }: Moment,
  { boundary = 'at_or_before', ttlSeconds, created = 'made' }: Settings & { ttlSeconds?: number },
): number {
  if (key === null || at === null) return -1
  let best = -1
  const known = (row: FeatureRow): number | null => (created === 'none' ? row.at : row.created)
  for (const [i, row] of features.entries()) {
    const knownAt = known(row)
    if (row.key !== key || row.at === null || knownAt === null) continue
    const visible = boundary === 'before' ? row.at < at && knownAt < at : row.at <= at && knownAt <= at
    if (!visible) continue
    const other = features[best]
    if (other !== undefined) {
      const [a, b] = [row.at - (other.at ?? 0), knownAt - (known(other) ?? 0)]
      if (a < 0 || (a === 0 && b < 0)) continue
    }
    best = i
  }
  const found = features[best]
  return found !== undefined && ttlSeconds !== undefined && (found.at ?? 0) < at - ttlSeconds ? -1 : best
}

function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Few keys and few moments, so that ties, duplicates and bounds are met all the time. */
function randomCase(seed: number): { features: FeatureRow[]; moments: Moment[] } {
  const random = randomNumbers(seed)
  const pick = (below: number): number => Math.floor(random() * below)
  const maybe = <T>(value: T): T | null => (random() < 0.05 ? null : value)
  const span = 1 + pick(40)
  const lateness = pick(3) === 0 ? 0 : pick(30)
  const features = Array.from({ length: pick(80) }, (_, i) => {
    const at = maybe(pick(span))
    return {
      key: maybe(`k${pick(4)}`),
      at,
      created: maybe((at ?? 0) + pick(lateness + 1) - (pick(5) === 0 ? 3 : 0)),
      value: maybe(i),
    }
  })
  const moments = Array.from({ length: pick(60) }, () => ({
    key: maybe(`k${pick(5)}`),
    at: maybe(pick(span + 20) - 5),
  }))
  return { features, moments }
}

/** Worlds side by side in one table, each with keys of its own, so that one join asks all of them. */
function worlds(count: number): { features: FeatureRow[]; moments: Moment[] } {
  const all = Array.from({ length: count }, (_, i) => {
    const { features, moments } = randomCase(i + 1)
    const own = <T extends { key: string | null }>(rows: readonly T[]): T[] =>
      rows.map((row) => ({ ...row, key: row.key === null ? null : `${i} ${row.key}` }))
    return { features: own(features), moments: own(moments) }
  })
  return {
    features: all.flatMap(({ features }) => features),
    moments: all.flatMap(({ moments }) => moments),
  }
}

describe('a point-in-time join', () => {
  it('agrees with the definition, read row by row, on hundreds of small worlds', async () => {
    const { features, moments } = worlds(150)
    await fill(features, moments)
    const byKey = Map.groupBy(features, ({ key }) => key)
    let matched = 0
    for (const boundary of ['at_or_before', 'before'] as const) {
      for (const created of ['made', 'none']) {
        for (const ttlSeconds of [undefined, 4]) {
          const settings = {
            boundary,
            created,
            ...(ttlSeconds === undefined ? {} : { ttl: `${ttlSeconds}s`, ttlSeconds }),
          }
          const rows = await joined(settings)
          assert.deepEqual(
            rows.map(({ id }) => id),
            moments.map((_, i) => i),
            'no row is lost, doubled or moved',
          )
          for (const [i, moment] of moments.entries()) {
            const own = byKey.get(moment.key) ?? []
            const expected = own[newestKnown(own, moment, settings)]?.value ?? null
            if (expected !== null) matched++
            assert.equal(rows[i]?.['view__n'], expected, JSON.stringify([settings, moment, own]))
          }
        }
      }
    }
    assert.ok(matched > 5000, `${matched} values were found`)
  })

  it('does the same where the times span more than a number can hold', async () => {
    const { features, moments } = worlds(40)
    await fill(features, moments)
    await tables.run(
      `INSERT INTO features VALUES ('far', TIMESTAMP '0001-01-01', TIMESTAMP '0001-01-01', 1), ('far', TIMESTAMP '290000-01-01', TIMESTAMP '290000-01-01', 2),
       ('endless', 'infinity', 'infinity', 3), ('endless', '-infinity', '-infinity', 4)`,
    )
    await tables.run(
      `INSERT INTO moments VALUES (-1, 'far', TIMESTAMP '2024-01-01'), (-2, 'endless', 'infinity'), (-3, 'endless', TIMESTAMP '2024-01-01')`,
    )
    const rows = await joined()
    assert.deepEqual(
      rows.slice(-3).map((row) => row['view__n']),
      [1, null, null],
    )
    for (const [i, moment] of moments.entries()) {
      const own = features.filter(({ key }) => key === moment.key)
      assert.equal(rows[i]?.['view__n'], own[newestKnown(own, moment, {})]?.value ?? null)
    }
  })

  it('does the same on Parquet, where files and rows say their place themselves', async () => {
    const { features, moments } = worlds(60)
    await fill(features, moments)
    const half = Math.floor(features.length / 2)
    const paths = ['first', 'second'].map((name) => join(directory, `${name}.parquet`))
    for (const [i, path] of paths.entries()) {
      const rows = i === 0 ? `rowid < ${half}` : `rowid >= ${half}`
      await tables.run(
        `COPY (SELECT * FROM features WHERE ${rows}) TO ${quoteText(path)} (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
      )
    }
    const view = {
      ...joinedView({}),
      relation: `read_parquet([${paths.map(quoteText).join(', ')}], union_by_name = true)`,
    }
    const request = {
      rows: 'moments',
      label: 'moments',
      time: 'seen',
      boundary: 'at_or_before',
      views: [view],
    } as const
    await joinPointInTime(tables, request)
    const rows = await tables.rows(joinedRows)
    const byKey = Map.groupBy(features, ({ key }) => key)
    for (const [i, moment] of moments.entries()) {
      const own = byKey.get(moment.key) ?? []
      assert.equal(
        rows[i]?.['view__n'],
        own[newestKnown(own, moment, {})]?.value ?? null,
        JSON.stringify([moment, own]),
      )
    }
  })

  it('never tells a row what was filled in later', async () => {
    // A balance of 100 was booked at second 10; at second 50 it was corrected, for second 10, to 7.
    await fill(
      [
        { key: 'a', at: 10, created: 10, value: 100 },
        { key: 'a', at: 10, created: 50, value: 7 },
        { key: 'a', at: 20, created: 60, value: 8 },
      ],
      [
        { key: 'a', at: 30 },
        { key: 'a', at: 55 },
        { key: 'a', at: 60 },
      ],
    )
    assert.deepEqual(
      (await joined()).map((row) => row['view__n']),
      [100, 7, 8],
    )
    assert.deepEqual(
      (await joined({ created: 'none' })).map((row) => row['view__n']),
      [8, 8, 8],
      'what would leak',
    )
    const aggregate = {
      total: { aggregate: 'sum', of: 'n', over: '100s' },
      rows: { aggregate: 'count', over: '100s' },
    }
    const rows = await joined({ features: aggregate })
    assert.deepEqual(
      rows.map((row) => [row['view__total'], row['view__rows']]),
      [
        [100, 1],
        [107, 2],
        [115, 3],
      ],
    )
  })

  it('says when the source does not tell what was known when', async () => {
    await fill([{ key: 'a', at: 1, created: 1, value: 1 }], [{ key: 'a', at: 1 }])
    const { created: _none, ...view } = joinedView({}).view
    const notesOf = async (changed: EntityView): Promise<readonly string[]> => {
      const join: PointInTimeJoin = {
        rows: 'moments',
        label: 'moments',
        time: 'seen',
        boundary: 'at_or_before',
        views: [{ ...joinedView({}), view: changed }],
      }
      return (await joinPointInTime(tables, join)).notes
    }
    assert.match((await notesOf(view)).join(), /does not say when its rows became known/)
    assert.deepEqual(await notesOf({ ...view, created: 'none' }), [])
    await tables.run('ALTER TABLE features RENAME made TO created_at')
    assert.deepEqual(await notesOf(view), [], 'the usual name is looked for')
  })

  it('keeps aggregates and lags to what was known, on random rows', async () => {
    const { features, moments } = worlds(120)
    await fill(features, moments)
    const kinds = ['count', 'sum', 'mean', 'min', 'max'] as const
    const wanted = {
      ...Object.fromEntries(
        kinds.map((aggregate) => [
          aggregate,
          { aggregate, ...(aggregate === 'count' ? {} : { of: 'n' }), over: '9s' },
        ]),
      ),
      back1: { lag: 'n', by: 1 },
      back2: { lag: 'n', by: 2 },
      n: 'n',
    }
    const byKey = Map.groupBy(features, ({ key }) => key)
    let compared = 0
    for (const created of ['made', 'none']) {
      const rows = await joined({ features: wanted, created })
      for (const [i, moment] of moments.entries()) {
        const visible = (byKey.get(moment.key) ?? [])
          .filter(
            (row) => moment.key !== null && moment.at !== null && row.at !== null && row.at <= moment.at,
          )
          .map((row) => ({ ...row, known: created === 'none' ? row.at : row.created }))
          .filter(({ known }) => known !== null && known <= (moment.at as number))
          .toSorted(
            (a, b) => (a.at as number) - (b.at as number) || (a.known as number) - (b.known as number),
          )
        const newest = visible.at(-1)
        const within = visible.filter((row) => (row.at as number) > (newest?.at as number) - 9)
        const values = within.flatMap(({ value }) => (value === null ? [] : [value]))
        const sum = values.reduce((total, value) => total + value, 0)
        const known = (value: number): number | null => (values.length === 0 ? null : value)
        const expected = {
          count: newest === undefined ? null : within.length,
          sum: known(sum),
          mean: known(sum / values.length),
          min: known(Math.min(...values)),
          max: known(Math.max(...values)),
          back1: visible.at(-2)?.value ?? null,
          back2: visible.at(-3)?.value ?? null,
          n: newest?.value ?? null,
        }
        for (const [name, value] of Object.entries(expected)) {
          const found = rows[i]?.[`view__${name}`] as number | null
          const near = found !== null && value !== null && Math.abs(found - value) < 1e-9
          assert.ok(
            near || found === value,
            `${created} ${name}: ${found}, not ${value}: ${JSON.stringify([moment, visible])}`,
          )
          compared++
        }
      }
    }
    assert.ok(compared > 20_000)
  })

  it('joins several views at once, with keys of another name and one view twice', async () => {
    await fill(
      [
        { key: 'a', at: 1, created: 1, value: 1 },
        { key: 'b', at: 1, created: 1, value: 2 },
      ],
      [{ key: 'a', at: 5 }],
    )
    await tables.run(
      "CREATE OR REPLACE TABLE trips AS SELECT 'a' AS origin, 'b' AS destination, seen FROM moments",
    )
    const view = joinedView({})
    const twice = (column: string): JoinedView => ({
      ...view,
      keyColumns: [column],
      columns: { n: `${column}__n` },
    })
    const report = await joinPointInTime(tables, {
      rows: 'trips',
      label: 'trips',
      time: 'seen',
      boundary: 'at_or_before',
      views: [twice('origin'), twice('destination')],
    })
    const [row] = await tables.rows(joinedRows)
    assert.deepEqual([row?.['origin__n'], row?.['destination__n'], report.rows], [1, 2, 1])
  })

  it('refuses what it cannot join, and names the column', async () => {
    await fill([], [])
    await tables.run(
      "CREATE OR REPLACE TABLE numbers AS SELECT 1 AS key, TIMESTAMP '2024-01-01' AS seen, 1 AS at",
    )
    const join = (change: Partial<PointInTimeJoin>, view: Partial<JoinedView> = {}) =>
      joinPointInTime(tables, {
        rows: 'numbers',
        label: 'numbers',
        time: 'seen',
        boundary: 'at_or_before',
        views: [{ ...joinedView({}), ...view }],
        ...change,
      })
    await assert.rejects(join({}), {
      code: 'invalid_input',
      message: /"key" is INTEGER, but "key" .* is VARCHAR/,
    })
    await assert.rejects(join({ time: 'at' }), { message: /"at" is INTEGER, and a time is expected/ })
    await assert.rejects(join({ time: 'sen' }), { message: /no column "sen"/, hint: 'Did you mean "seen"?' })
    await assert.rejects(join({ rows: 'moments' }, { columns: { n: 'KEY' } }), {
      message: /two columns called "KEY"/,
    })
  })
})
