import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { fail } from '#contract/errors'
import { systemCaller } from '#platform/access/access'
import { migrate, openDatabase } from '#platform/database/index'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { openTables, quoteText, type Cell } from '#platform/tables/index'
import type { JoinCall } from './joins/join-file.ts'
import { createFeaturesService, type FeaturesService } from './service.ts'
import { featureMigrations } from './tables.ts'
import { viewSchema, type ViewConfig } from './views/feature-view.ts'

const caller = systemCaller('test')
const day = 86_400_000
const start = Date.parse('2024-01-01T00:00:00Z')

let directory = ''
let now = start
let csv = ''
let views: Record<string, ViewConfig> = {}
let service: FeaturesService
let close: () => Promise<void>

let isMasked = false

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'devmlops-features-'))
  const database = await openDatabase({ path: ':memory:' })
  await migrate(database, [...platformMigrations, ...featureMigrations], 0)
  const fixture = fixturePlatform(database, { now: () => now })
  close = fixture.close
  const version = () => ({ name: 'orders', version: 1, digest: `sha256:${csv.length}` })
  service = createFeaturesService({
    platform: fixture.platform,
    project: async () => ({ directory, sections: { features: views, splits: {} } }),
    datasets: {
      resolveDataset: async () => version(),
      openDataset: async () => {
        const path = join(directory, 'orders.csv')
        writeFileSync(path, csv)
        return { ...version(), parts: [], relation: `read_csv(${quoteText(path)})`, allowedPaths: [path] }
      },
    },
    requireRaw: async (dataset, { permissions }) => {
      if (dataset === 'orders' && !permissions.has('admin') && isMasked) fail('permission_denied', 'masked')
    },
    modelsOfRun: async (id) => (id === 'run-1' ? ['returns@3'] : []),
  })
})
after(async () => {
  await close()
  rmSync(directory, { recursive: true })
})

const order = (country: string, days: number, amount: number, lateDays = 0): string => {
  const text = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
  return `${country},${text(start + days * day)},${amount},${text(start + (days + lateDays) * day)}\n`
}

beforeEach(() => {
  now = start + 20 * day
  csv = 'country,ordered_at,amount,created_at\n'
  views = {
    buying: viewSchema.parse({
      description: 'What a country buys',
      source: 'orders',
      entity: 'country',
      time: 'ordered_at',
      ttl: '10d',
      features: { last: 'amount', week: { aggregate: 'sum', of: 'amount', over: '7d' } },
    }),
    order: viewSchema.parse({ features: { size: { column: 'amount', log: true, description: 'how much' } } }),
  }
})

const values = async (...keys: string[]) =>
  (
    await service.lookup(
      'buying',
      keys.map((key) => [key]),
      caller,
    )
  ).rows.map((row) => row.values)

describe('what is materialized', () => {
  it('is what a point-in-time join at this moment gives', async () => {
    for (let i = 0; i < 200; i++) csv += order(`c${(i * 7) % 23}`, (i * 37) % 30, i, i % 4 === 0 ? 5 : 0)
    const made = await service.materialize('buying', { full: false }, caller)
    assert.ok(made.keys > 15)
    mkdirSync(join(directory, 'asked'), { recursive: true })
    const keys = Array.from({ length: 25 }, (_, i) => `c${i}`)
    const moment = new Date(now).toISOString().replace('T', ' ').slice(0, 19)
    writeFileSync(
      join(directory, 'asked', 'rows.csv'),
      `country,at\n${keys.map((key) => `${key},${moment}\n`).join('')}`,
    )
    await service.join(
      {
        rows: 'asked/rows.csv',
        time: 'at',
        features: ['buying'],
        boundary: 'at_or_before',
        output: 'asked/joined.parquet',
      },
      caller,
    )
    const joined = await rowsOf(join(directory, 'asked', 'joined.parquet'))
    assert.equal(joined.length, keys.length)
    const found = await values(...keys)
    for (const [i, row] of joined.entries()) {
      assert.deepEqual(found[i], { last: row['buying__last'], week: row['buying__week'] }, keys[i])
    }
  })

  it('is brought up to date by the keys that have news, and is the same as made anew', async () => {
    csv += order('DE', 15, 10) + order('FR', 16, 20)
    assert.equal((await service.materialize('buying', { full: false }, caller)).changedKeys, 2)
    now += day
    csv += order('DE', 20.5, 5)
    const made = await service.materialize('buying', { full: false }, caller)
    assert.deepEqual([made.changedKeys, made.keys], [1, 2])
    const found = await values('DE', 'FR')
    assert.deepEqual(found, [
      { last: 5, week: 15 },
      { last: 20, week: 20 },
    ])
    assert.equal((await service.materialize('buying', { full: true }, caller)).changedKeys, 2)
    assert.deepEqual(await values('DE', 'FR'), found)
  })

  it('is made anew when rows appear that should have been known before', async () => {
    csv += order('DE', 15, 10)
    await service.materialize('buying', { full: false }, caller)
    csv += order('IT', 12, 7)
    now += day
    const made = await service.materialize('buying', { full: false }, caller)
    assert.deepEqual([made.changedKeys, made.keys], [2, 2])
    assert.deepEqual(await values('IT'), [{ last: 7, week: 7 }])
  })

  it('does not know what happens or becomes known later, and forgets what is too old', async () => {
    csv += order('DE', 18, 1) + order('DE', 19, 2, 5) + order('DE', 25, 3)
    await service.materialize('buying', { full: false }, caller)
    assert.deepEqual(await values('DE'), [{ last: 1, week: 1 }])
    now = start + 26 * day
    await service.materialize('buying', { full: false }, caller)
    assert.deepEqual(await values('DE'), [{ last: 3, week: 5 }])
    now = start + 36 * day
    assert.deepEqual(await values('DE'), [{ last: null, week: null }])
  })

  it('belongs to a definition: a changed one has no values until they are made', async () => {
    csv += order('DE', 15, 10)
    await service.materialize('buying', { full: false }, caller)
    views['buying'] = viewSchema.parse({ ...views['buying'], ttl: '11d', features: { last: 'amount' } })
    await assert.rejects(values('DE'), {
      code: 'not_found',
      hint: 'Work them out: devmlops features materialize buying',
    })
    await assert.rejects(service.lookup('order', [['DE']], caller), {
      message: /computed from the row itself/,
    })
    await assert.rejects(service.lookup('buyng', [['DE']], caller), { hint: 'Did you mean "buying"?' })
  })
})

describe('the registry of features', () => {
  it('knows a definition by its content, and who uses which version', async () => {
    const view = views['buying'] as ViewConfig
    const use = (definition: ViewConfig, id: string) =>
      service.recordUse({
        view: 'buying',
        definition,
        features: ['last'],
        user: { kind: 'run', id, name: 'trees' },
        actor: 'ann',
      })
    const first = await service.keepVersion('buying', view, 'ann')
    await use({ ...view, description: 'other words' }, 'run-1')
    await use({ ...view, ttl: 5 * day }, 'run-2')
    const found = await service.get('buying')
    assert.equal(found.version, first)
    const versions = found.uses.map(({ version, models, user }) => [user.id, version, models])
    assert.deepEqual(
      versions.find(([id]) => id === 'run-1'),
      ['run-1', first, ['returns@3']],
    )
    assert.notEqual(versions.find(([id]) => id === 'run-2')?.[1], first)
  })

  it('is searched by words in names, descriptions, columns and keys', async () => {
    const names = async (search: string) => (await service.list(search)).map(({ name }) => name)
    assert.deepEqual(await names('amount'), ['buying', 'order'])
    assert.deepEqual(await names('Sum COUNTRY'), ['buying'])
    assert.deepEqual(await names('how much'), ['order'])
    assert.deepEqual(await names('weather'), [])
  })
})

async function rowsOf(path: string): Promise<Readonly<Record<string, Cell>>[]> {
  const tables = await openTables({
    allowedDirectories: [],
    allowedPaths: [path],
    temporaryDirectory: join(directory, 'tmp'),
  })
  try {
    return await tables.rows(`SELECT * FROM read_parquet(${quoteText(path)})`)
  } finally {
    tables.close()
  }
}

it('values of a dataset with masked columns are for administrators alone', async () => {
  csv += order('DE', 1, 10)
  await service.materialize('buying', { full: true }, caller)
  isMasked = true
  const reader = { name: 'reader', permissions: new Set(['read', 'operate'] as const) }
  try {
    await assert.rejects(service.lookup('buying', [['DE']], reader), { code: 'permission_denied' })
    const call: JoinCall = {
      rows: 'data.orders',
      time: 'ordered_at',
      boundary: 'before',
      features: ['buying'],
      output: 'out.parquet',
    }
    await assert.rejects(service.join(call, reader), { code: 'permission_denied' })
    assert.equal((await service.lookup('buying', [['DE']], caller)).rows.length, 1)
  } finally {
    isMasked = false
  }
})
