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
  return tables.rows(joinedRows)
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

describe('a point-in-time join', () => {
  it('agrees with the definition, read row by row, on a thousand small worlds', async () => {
    let matched = 0
    for (let seed = 1; seed <= 250; seed++) {
      const { features, moments } = randomCase(seed)
      await fill(features, moments)
      const ttlSeconds = seed % 3 === 0 ? 1 + (seed % 13) : undefined
      for (const boundary of ['at_or_before', 'before'] as const) {
        for (const created of ['made', 'none']) {
          const settings = {
            boundary,
            created,
            ...(ttlSeconds === undefined ? {} : { ttl: `${ttlSeconds}s`, ttlSeconds }),
          }
          const rows = await joined(settings)
          assert.deepEqual(
            rows.map(({ id }) => id),
            moments.map((_, i) => i),
            `seed ${seed}: rows in their order`,
          )
          for (const [i, moment] of moments.entries()) {
            const expected = features[newestKnown(features, moment, settings)]?.value ?? null
            if (expected !== null) matched++
            assert.equal(rows[i]?.['view__n'], expected, `seed ${seed}, ${boundary}, ${created}, row ${i}`)
          }
        }
      }
    }
    assert.ok(matched > 5000, `${matched} values were found`)
  })
})
