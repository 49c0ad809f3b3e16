import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openTables, type Tables } from '#platform/tables/index'
import { describeRule, ruleDigest, splitRuleSchema } from './split-rule.ts'
import { partRows, splitTable, type SplitReport } from './split-table.ts'

let tables: Tables
let directory = ''

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'devmlops-split-'))
  tables = await openTables({ allowedDirectories: [directory], temporaryDirectory: join(directory, 'tmp') })
  await tables.run(
    `CREATE TABLE orders AS SELECT i AS id, i // 7 AS customer, i * 1.0 AS decimal_id,
     TIMESTAMP '2024-01-01' + to_hours(CAST(i // 3 AS INTEGER)) AS day, CASE WHEN i % 10 = 0 THEN 'rare' ELSE 'usual' END AS kind
     FROM range(3000) AS t(i)`,
  )
})
after(() => {
  tables.close()
  rmSync(directory, { recursive: true })
})

/** `int.from_bytes(md5(f'0\x1f{id}').digest()[8:], 'little') / 2**64 < 0.2`, in Python. */
const expectedTestIds = [1, 3, 13, 16, 28, 35, 45, 48]

const split = (rule: unknown, relation = 'orders'): Promise<SplitReport> =>
  splitTable(tables, { relation, label: relation, rule: splitRuleSchema.parse(rule) })

async function idsOf(part: 'train' | 'validation' | 'test', column = 'id'): Promise<number[]> {
  return (await tables.rows(`SELECT ${column} AS id FROM (${partRows(part)})`)).map(({ id }) => Number(id))
}

const rowsOf = ({ parts }: SplitReport): number[] => parts.map(({ rows }) => rows)

describe('a split by time', () => {
  it('keeps the rows of one moment together and gives the later ones to the later part', async () => {
    const report = await split({ by: 'time', column: 'day', validation: 0.1, test: 0.2 })
    assert.deepEqual(
      rowsOf(report).reduce((a, b) => a + b),
      3000,
    )
    const [train, validation, test] = [await idsOf('train'), await idsOf('validation'), await idsOf('test')]
    assert.ok(
      Math.abs(test.length - 600) <= 3 && Math.abs(validation.length - 300) <= 3,
      String(rowsOf(report)),
    )
    assert.ok(Math.max(...train) < Math.min(...validation) && Math.max(...validation) < Math.min(...test))
    assert.equal((test[0] ?? 0) % 3, 0, 'an hour has three rows, and none is torn')
    assert.deepEqual(
      [train, validation, test].flat(),
      Array.from({ length: 3000 }, (_, i) => i),
      'in their order',
    )
  })

  it('takes a date, or the last days, and leaves a gap where it is told to', async () => {
    const byDate = await split({ by: 'time', column: 'day', test: '2024-02-01' })
    assert.deepEqual([rowsOf(byDate), byDate.boundaries['test']], [[2232, 768], '2024-02-01 00:00:00'])
    const byDays = await split({ by: 'time', column: 'day', test: '1d' })
    assert.deepEqual(rowsOf(byDays), [2928, 72])
    const withGap = await split({ by: 'time', column: 'day', test: '1d', gap: '2h' })
    assert.deepEqual([rowsOf(withGap), withGap.gapRows], [[2922, 72], 6])
  })
})

describe('a split by hash', () => {
  it('gives a row the same part when rows are added, taken away or reordered', async () => {
    const rule = { by: 'hash', column: 'id', validation: 0.1, test: 0.2 }
    await split(rule)
    const [train, test] = [new Set(await idsOf('train')), new Set(await idsOf('test'))]
    await split(
      rule,
      '(SELECT * FROM orders WHERE id % 5 <> 0 UNION ALL SELECT * REPLACE (id + 10000 AS id) FROM orders)',
    )
    for (const id of await idsOf('train')) assert.ok(id >= 10000 || train.has(id))
    for (const id of await idsOf('test')) assert.ok(id >= 10000 || test.has(id))
    await split(rule, '(SELECT * FROM orders ORDER BY id DESC)')
    assert.deepEqual(new Set(await idsOf('test')), test)
  })

  it('does not move a row when its key becomes a decimal, and a part that grows takes from train alone', async () => {
    await split({ by: 'hash', column: 'id', test: 0.2, validation: 0.1 })
    const [test, validation] = [await idsOf('test'), await idsOf('validation')]
    assert.ok(Math.abs(test.length - 600) < 80, `${test.length} of 3000`)
    await split({ by: 'hash', column: 'decimal_id', test: 0.2, validation: 0.1 })
    assert.deepEqual(await idsOf('test'), test)
    await split({ by: 'hash', column: 'id', test: 0.3, validation: 0.2 })
    const grown = new Set(await idsOf('test'))
    assert.ok(test.every((id) => grown.has(id)))
    const other = new Set(await idsOf('validation'))
    assert.ok(validation.every((id) => other.has(id)))
  })

  it('gives the very parts it has always given', async () => {
    await split({ by: 'hash', column: 'id', test: 0.2 })
    assert.deepEqual((await idsOf('test')).slice(0, 8), expectedTestIds)
  })
})

it('a split by group keeps every group in one part', async () => {
  const report = await split({ by: 'group', column: 'customer', test: 0.3, seed: 4 })
  const [train, test] = [new Set(await idsOf('train', 'customer')), new Set(await idsOf('test', 'customer'))]
  assert.equal([...test].filter((customer) => train.has(customer)).length, 0)
  assert.ok(rowsOf(report).every((rows) => rows > 500))
})

describe('a split by stratum', () => {
  it('takes the same share of each stratum, whatever the order of the rows', async () => {
    const rule = { by: 'stratum', column: 'kind', key: 'id', validation: 0.1, test: 0.2 }
    await split(rule)
    const test = await idsOf('test')
    assert.deepEqual([test.length, test.filter((id) => id % 10 === 0).length], [600, 60])
    assert.equal((await idsOf('validation')).filter((id) => id % 10 === 0).length, 30)
    await split(rule, '(SELECT * FROM orders ORDER BY id DESC)')
    assert.deepEqual(new Set(await idsOf('test')), new Set(test))
  })

  it('learns from a stratum of one row', async () => {
    await split(
      { by: 'stratum', column: 'kind', key: 'id', test: 0.2 },
      "(SELECT * REPLACE (CASE WHEN id = 5 THEN 'only' ELSE kind END AS kind) FROM orders)",
    )
    assert.ok((await idsOf('train')).includes(5))
  })
})

describe('the leak check of a split', () => {
  it('counts rows that are alike but for what names them', async () => {
    const alike = "(SELECT id, CASE WHEN id < 1000 THEN 0 ELSE id END AS amount, 'x' AS note FROM orders)"
    const report = await split({ by: 'hash', column: 'id', test: 0.2 }, alike)
    const train = (await idsOf('train')).filter((id) => id < 1000).length
    assert.deepEqual([report.sharedRows, train > 700], [train, true])
    assert.match(
      report.notes.join(),
      /rows of train occur again in a part that is judged on, alike but for id/,
    )
    assert.equal((await split({ by: 'hash', column: 'id', test: 0.2 })).sharedRows, 0)
  })

  it('finds none by stratum where nothing names a row, since identical rows stay together', async () => {
    const doubled = '(SELECT kind, id % 500 AS n FROM orders)'
    assert.equal((await split({ by: 'stratum', column: 'kind', test: 0.2 }, doubled)).sharedRows, 0)
  })
})

it('refuses what leaves a part empty, a key that is missing and a column that is no time', async () => {
  await assert.rejects(split({ by: 'time', column: 'day', test: '2030-01-01' }), {
    code: 'invalid_input',
    message: /leaves the part "test" empty/,
  })
  await assert.rejects(
    split({ by: 'hash', column: 'id', test: 0.2 }, '(SELECT CASE WHEN id > 9 THEN id END AS id FROM orders)'),
    {
      message: /"id" is missing in 10 rows/,
    },
  )
  await assert.rejects(split({ by: 'time', column: 'id', test: 0.2 }), {
    message: /is BIGINT, and a time is expected/,
  })
  await assert.rejects(split({ by: 'hash', column: 'idd', test: 0.2 }), { hint: 'Did you mean "id"?' })
})

it('a rule is checked, described and named by its content', () => {
  const parse = (rule: unknown) => splitRuleSchema.safeParse(rule).error?.issues[0]?.message
  assert.match(parse({ by: 'hash', column: 'id' }) ?? '', /neither/)
  assert.match(
    parse({ by: 'hash', column: 'id', test: 0.6, validation: 0.5 }) ?? '',
    /leave none to train on/,
  )
  assert.match(parse({ by: 'time', column: 'day', test: 0.2, validation: '3d' }) ?? '', /both/)
  assert.match(
    parse({ by: 'time', column: 'day', test: '2024-01-01', validation: '2024-02-01' }) ?? '',
    /begins before/,
  )
  const rule = splitRuleSchema.parse({ by: 'time', column: 'day', validation: '7d', test: '31d' })
  assert.equal(describeRule(rule), 'by time (day): validation the last 7d, test the last 31d')
  assert.equal(
    ruleDigest(rule),
    ruleDigest(splitRuleSchema.parse({ test: '31d', validation: '7d', column: 'day', by: 'time' })),
  )
  assert.notEqual(
    ruleDigest(rule),
    ruleDigest(splitRuleSchema.parse({ by: 'time', column: 'day', test: '31d' })),
  )
})
