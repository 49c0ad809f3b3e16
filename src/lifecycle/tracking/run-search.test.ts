import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Database } from '#platform/database/index'
import { forEachEngine } from '#platform/database/testing'
import type { Filter, Operator } from '#platform/filter/index'
import { filterText, pick, randomFilter, type RandomField } from '#platform/filter/random-filter.fixture'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { createRandom, type Random } from '#platform/random'
import type { RunStatus } from './contract.ts'
import type { Run } from './run-details.ts'
import { readRunPage, type RunPlace } from './run-page.ts'
import { createTrackingService, type TrackingService } from './service.ts'
import { trackingMigrations } from './tables.ts'

const caller = { name: 'ada' }
const texts = ['tree', 'Tree', 'forest_1', '', '100%', 'a_b', "it's", '1e3', 'ÿ', 'a\\b']
const numbers = [0, 1, -1, 0.1, 2.5, 1e300, -1e-300, 3]
const times = [0, 1, 1000, 1001.5, 2000]
const statuses = ['RUNNING', 'FINISHED', 'FAILED'] as const satisfies readonly RunStatus[]

const ofTexts: readonly Operator[] = [
  '=',
  '!=',
  'LIKE',
  'ILIKE',
  'NOT LIKE',
  'NOT ILIKE',
  'IN',
  'NOT IN',
  'IS NULL',
  'IS NOT NULL',
]
const ofNumbers: readonly Operator[] = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'IN',
  'NOT IN',
  'IS NULL',
  'IS NOT NULL',
]
const patterns = [...texts, '%', '_%', 'T%', '%e%', 'tree_', 'a\\%', 'f%_1']

const fields: readonly RandomField[] = [
  { prefix: 'metrics', key: 'loss', operators: ofNumbers, items: numbers },
  { prefix: 'metric', key: 'a b', operators: ofNumbers, items: numbers },
  { prefix: 'params', key: 'model', operators: ofTexts, items: patterns },
  { prefix: 'parameters', key: 'x/y', operators: ofTexts, items: patterns },
  { prefix: 'tags', key: 'team.name', operators: ofTexts, items: patterns },
  { prefix: 'tag', key: 'never', operators: ofTexts, items: patterns },
  { key: 'status', operators: ofTexts, items: [...statuses, 'finished', 'F%'] },
  { prefix: 'attributes', key: 'run_name', operators: ofTexts, items: ['run 1', 'RUN%', '%2'] },
  { key: 'start_time', operators: ofNumbers, items: times },
  { prefix: 'attr', key: 'end_time', operators: ofNumbers, items: times },
  { prefix: 'dataset', key: 'name', operators: ofTexts, items: ['flights', 'F%', 'trains'] },
  { prefix: 'datasets', key: 'context', operators: ofTexts, items: ['train', 'eval', '%A%'] },
]

async function makeRuns(tracking: TrackingService, random: Random, count: number): Promise<Run[]> {
  const runs: Run[] = []
  const maybe = <Value>(value: () => Value): Value[] => (random.below(3) === 0 ? [] : [value()])
  for (let index = 0; index < count; index += 1) {
    const tags = Object.fromEntries(maybe(() => ['team.name', pick(random, texts)]))
    const { id: runId } = await tracking.createRun({
      name: `run ${index % 7}`,
      startedAt: random.below(6) === 0 ? null : pick(random, [0, 1, 1000, 2000]),
      tags,
      caller,
    })
    await tracking.logBatch({
      runId,
      params: Object.fromEntries([
        ...maybe(() => ['model', pick(random, texts)]),
        ...maybe(() => ['x/y', pick(random, texts)]),
      ]),
      metrics: ['loss', 'a b'].flatMap((key) =>
        maybe(() => ({ key, value: pick(random, [...numbers, Number.NaN, Number.NaN]), timestamp: 1 })),
      ),
    })
    const context = pick(random, ['train', 'eval', undefined])
    const dataset = {
      name: pick(random, ['flights', 'trains']),
      digest: `d${random.below(3)}`,
      sourceType: 'x',
      source: 'y',
    }
    await tracking.logInputs(
      runId,
      maybe(() => ({ ...dataset, tags: {}, ...(context === undefined ? {} : { context }) })),
    )
    const status = pick(random, statuses)
    const endedAt = maybe(() => pick(random, [0, 1000, 2000]))[0]
    runs.push(
      await tracking.updateRun({ runId, status, caller, ...(endedAt === undefined ? {} : { endedAt }) }),
    )
  }
  return runs
}

/** What the search must find, without SQL: every value that the field has; none when it is missing. */
function valuesOf(run: Run, prefix: string, key: string): readonly (string | number)[] {
  const present = <Value>(value: Value | undefined): Value[] => (value === undefined ? [] : [value])
  switch (prefix.replace(/s$/, '')) {
    case 'metric':
      return present(run.metrics.find((metric) => metric.key === key)?.value)
    case 'param':
    case 'parameter':
      return present(run.params[key])
    case 'tag':
      return present(run.tags[key])
    case 'dataset':
      return run.inputs.flatMap((input) => present(key === 'name' ? input.name : input.context))
    default: {
      const attributes: Record<string, string | number | undefined> = {
        status: run.status,
        run_name: run.name,
        start_time: run.startedAt,
        end_time: run.endedAt,
      }
      return present(attributes[key])
    }
  }
}

function meets(run: Run, filter: Filter): boolean {
  if (filter.kind === 'not') return !meets(run, filter.part)
  if (filter.kind !== 'comparison') {
    const met = (part: Filter): boolean => meets(run, part)
    return filter.kind === 'and' ? filter.parts.every(met) : filter.parts.some(met)
  }
  const { prefix = 'attribute', key, operator, value } = filter
  const values = valuesOf(run, prefix, key)
  if (operator === 'IS NULL') return values.length === 0
  if (operator === 'IS NOT NULL') return values.length > 0
  const items = value?.kind === 'list' ? value.items : [value?.value ?? '']
  return values.some((found) => compare(found, operator, items))
}

function compare(found: string | number, operator: Operator, items: readonly (string | number)[]): boolean {
  const [item = ''] = items
  switch (operator) {
    case '=':
    case 'IN':
      return items.includes(found) && !Number.isNaN(found)
    case '!=':
    case 'NOT IN':
      return !items.includes(found)
    case '<':
      return found < item
    case '<=':
      return found <= item
    case '>':
      return found > item
    case '>=':
      return found >= item
    default: {
      const pattern = String(item).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
      const flags = operator.endsWith('ILIKE') ? 'isu' : 'su'
      const matches = new RegExp(`^${pattern.replaceAll('%', '.*').replaceAll('_', '.')}$`, flags).test(
        String(found),
      )
      return operator.startsWith('NOT') ? !matches : matches
    }
  }
}

const orderFields = [
  'metrics.loss',
  'metrics.`a b`',
  'params.model',
  'tags.`team.name`',
  'status',
  'start_time',
  'end_time',
  'run_name',
  'tags.never',
]

function sorted(runs: readonly Run[], orders: readonly string[]): Run[] {
  const keys = [...orders, 'start_time desc', 'run_id'].map((text) => {
    const [, prefix = 'attribute', key = ''] = /^(?:(\w+)\.)?`?([^`]+?)`?(?: desc)?$/.exec(text) ?? []
    return { prefix, key, direction: text.endsWith(' desc') ? -1 : 1 }
  })
  const rank = (value: string | number | undefined) => (value === undefined ? 2 : Number.isNaN(value) ? 1 : 0)
  return [...runs].sort((left, right) => {
    for (const { prefix, key, direction } of keys) {
      const [a, b] = [left, right].map((run) => (key === 'run_id' ? run.id : valuesOf(run, prefix, key)[0]))
      const difference = rank(a) - rank(b) || (rank(a) > 0 ? 0 : direction * order(a, b))
      if (difference !== 0) return difference
    }
    return 0
  })
}

function order(a: string | number | undefined, b: string | number | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
}

async function withTracking(
  open: () => Promise<Database>,
  work: (tracking: TrackingService) => Promise<void>,
): Promise<void> {
  const { platform, close } = fixturePlatform(await open())
  try {
    await work(createTrackingService({ platform }))
  } finally {
    await close()
  }
}

forEachEngine('searching runs', [...platformMigrations, ...trackingMigrations], (open) => {
  it('finds what the same filters and orders find in memory', () =>
    withTracking(open, async (tracking) => {
      const random = createRandom(2)
      const runs = await makeRuns(tracking, random, 40)
      const sizes = new Set<number>()
      for (let round = 0; round < 120; round += 1) {
        const filter = randomFilter(random, fields)
        const text = filterText(random, filter)
        const orderBy = Array.from({ length: random.below(3) }, () => pick(random, orderFields))
          .filter((field, index, all) => all.indexOf(field) === index)
          .map((field) => `${field}${pick(random, ['', ' desc'])}`)
        const found = await tracking.searchRuns({ experimentIds: ['0'], filter: text, orderBy, limit: 100 })
        const expected = sorted(
          runs.filter((run) => meets(run, filter)),
          orderBy,
        )
        assert.deepEqual(
          found.map(({ id }) => id),
          expected.map(({ id }) => id),
          `${text} by ${orderBy.join(', ')}`,
        )
        sizes.add(found.length)
      }
      assert.ok(sizes.size > 15, 'the filters were of many kinds')
    }))

  it('pages without gaps or repetition, also when runs begin meanwhile', () =>
    withTracking(open, async (tracking) => {
      const runs = await makeRuns(tracking, createRandom(5), 25)
      const search = {
        filter: 'metrics.loss IS NULL OR metrics.loss != 7',
        orderBy: ['params.model desc'],
        limit: 4,
      }
      const seen: Run[] = []
      for (let after: string | undefined; ;) {
        const page = await tracking.runPage({ ...search, after })
        seen.push(...page.items)
        await tracking.createRun({ caller, startedAt: 9_000_000 })
        after = page.next
        if (after === undefined) break
        assert.equal(page.items.length, 4)
      }
      assert.deepEqual(
        seen.map(({ id }) => id),
        sorted(runs, search.orderBy).map(({ id }) => id),
      )
      assert.deepEqual(
        new Set(seen.map((run) => JSON.stringify(run))),
        new Set(runs.map((run) => JSON.stringify(run))),
      )
    }))

  it('ends a page early when the runs are large, and goes on after it', async () => {
    const database = await open()
    const { platform, close } = fixturePlatform(database)
    await makeRuns(createTrackingService({ platform }), createRandom(9), 30)
    const runs = { view: 'active', order: [] } as const
    const seen: number[] = []
    const sizes: number[] = []
    let offset: number | undefined = 0
    while (offset !== undefined) {
      const before = seen.length
      const take = ({ number }: { number: number }): number => (
        seen.push(number),
        number % 2 === 0 ? 900 : 10
      )
      const page: Parameters<typeof readRunPage>[2] = { runs, limit: 20, offset, mostLength: 2000, take }
      const next: RunPlace | undefined = await readRunPage(database.query, database.engine, page)
      offset = next?.offset
      sizes.push(seen.length - before)
    }
    assert.equal(new Set(seen).size, 30)
    assert.equal(seen.length, 30)
    assert.ok(Math.max(...sizes) < 20, `pages of ${sizes.join(', ')} runs`)
    await close()
  })

  it('refuses fields, operators, values and tokens that make no sense', () =>
    withTracking(open, async (tracking) => {
      const filters = [
        "metrics.loss = 'a'",
        "metrics.loss LIKE 'a'",
        'params.model = 1',
        "params.model < 'a'",
        'params.model IN (1)',
        "start_time = 'now'",
        'foo = 1',
        "foos.bar = 'x'",
        "dataset.source = 'x'",
        'metrics.`` = 1',
        "run_id IN ('a', 1)",
      ]
      for (const filter of filters) {
        await assert.rejects(
          tracking.runPage({ filter, limit: 1 }),
          { code: 'invalid_input', at: 'filter' },
          filter,
        )
      }
      for (const after of ['x', '!!', 'e30', Buffer.from('{"offset":-1}').toString('base64url')]) {
        await assert.rejects(tracking.runPage({ after, limit: 1 }), { code: 'invalid_input' })
      }
      await assert.rejects(tracking.runPage({ experimentIds: ['x'], limit: 1 }), { code: 'invalid_input' })
    }))

  it('takes the largest filters and orders there may be', () =>
    withTracking(open, async (tracking) => {
      await makeRuns(tracking, createRandom(7), 5)
      const conditions = Array.from(
        { length: 200 },
        (_, index) => `(NOT tags.t${index} LIKE '%${'a%'.repeat(20)}')`,
      )
      assert.equal((await tracking.searchRuns({ filter: conditions.join(' AND '), limit: 10 })).length, 5)
      const pattern = '%😀'.repeat(3333)
      assert.equal(
        (await tracking.searchRuns({ filter: `run_name NOT LIKE '${pattern}'`, limit: 10 })).length,
        5,
      )
      await assert.rejects(tracking.searchRuns({ filter: `run_name LIKE '${pattern}%%'`, limit: 10 }), {
        code: 'invalid_input',
      })
      const ids = Array.from({ length: 2000 }, (_, index) => `'${index}'`)
      assert.equal(
        (await tracking.searchRuns({ filter: `run_id NOT IN (${ids.join(',')})`, limit: 10 })).length,
        5,
      )
      const deep = `${'NOT ('.repeat(16)}status = 'x'${')'.repeat(16)}`
      assert.equal((await tracking.searchRuns({ filter: deep, limit: 10 })).length, 0)
      const orderBy = Array.from({ length: 30 }, (_, index) => `metrics.m${index} desc`)
      assert.equal((await tracking.searchRuns({ orderBy, limit: 10 })).length, 5)
    }))
})
