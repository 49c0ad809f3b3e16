import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeLimits } from './judge-limits.ts'
import { judgeRows, meets } from './judgement.ts'
import { ada, openWorkshop } from '../service.fixture.ts'
import type { CheckResult, Validation } from './validation.ts'

/** Judges rows by expectations, through the same door as everybody. */
async function judged(
  expectations: string,
  rows: readonly string[],
  options: { now?: () => number; time?: string } = {},
): Promise<Validation> {
  const section = `d:\n  source: { files: d.csv }\n${options.time ?? ''}  expectations:\n${expectations.replace(/^/gm, '    ')}`
  await using workshop = await openWorkshop(section, options)
  await workshop.write('d.csv', rows)
  const [arrival] = await workshop.service.check('d', {}, ada)
  assert.ok(arrival?.validation, arrival?.rejection?.message)
  return arrival.validation
}

async function only(...request: Parameters<typeof judged>): Promise<CheckResult> {
  const { checks } = await judged(...request)
  assert.equal(checks.length, 1)
  return checks[0] as CheckResult
}

test('compares the share of good rows with `mostly` as an exact ratio', () => {
  assert.equal(meets(0.95, 20, 1), true)
  assert.equal(meets(0.95, 10_000_000, 500_000), true)
  assert.equal(meets(0.95, 10_000_000, 500_001), false)
  assert.equal(meets(0.1, 10, 9), true)
  assert.equal(meets(1e-7, 10_000_000, 9_999_999), true)
  assert.equal(meets(1, 3, 1), false)
  assert.equal(meets(1, 0, 0), true)
})

test('passes a check that considers no row, and says so', () => {
  assert.deepEqual(judgeRows({ kind: 'not_null' }, { considered: 0, unexpected: 0 }).outcome, 'pass')
})

test('a mean without values is an error, not a failure', () => {
  const limits = { minimum: 0, maximum: 1 }
  assert.equal(judgeLimits(limits, null).outcome, 'error')
  assert.equal(judgeLimits(limits, Number.POSITIVE_INFINITY).outcome, 'fail')
  assert.equal(judgeLimits(limits, 1).outcome, 'pass')
})

test('not_null counts missing values among all rows, NaN with them, and shows where', async () => {
  const check = await only('- not_null: a', ['a,b', '1.5,x', ',y', 'NaN,z', '2,w'])
  assert.equal(check.outcome, 'fail')
  assert.deepEqual([check.considered, check.unexpected], [4, 2])
  assert.match(check.found, /2 of 4 rows are missing \(50 %\), 1 of them NaN/)
  assert.deepEqual(
    check.samples.map(({ row }) => row),
    [2, 3],
  )
})

test('unique counts every member of a duplicate group and leaves missing values out', async () => {
  const check = await only('- unique: a', ['a,b', '1,x', '1,y', '2,z', ',z', ',z', '3,z', '3,z', '3,z'])
  assert.deepEqual([check.outcome, check.considered, check.unexpected], ['fail', 6, 5])
  assert.deepEqual(
    check.samples.map(({ row }) => row),
    [1, 2, 6, 7, 8],
  )
})

test('a compound key is compared part by part, not as joined text', async () => {
  const good = await only('- unique: [a, b]', ['a,b', 'x,yz', 'xy,z', 'x,z'])
  assert.equal(good.outcome, 'pass')
  const partlyMissing = await only('- unique: [a, b]', ['a,b', 'x,', 'x,', ',', ','])
  assert.deepEqual([partlyMissing.considered, partlyMissing.unexpected], [2, 2])
})

test('between includes its ends unless it is strict, and ignores missing values', async () => {
  const rows = ['a', '0', '5', '10', '', '11']
  const inclusive = await only('- between: { column: a, minimum: 0, maximum: 10 }', rows)
  assert.deepEqual([inclusive.considered, inclusive.unexpected], [4, 1])
  const strict = await only(
    '- between: { column: a, minimum: 0, maximum: 10, strict_minimum: true, strict_maximum: true }',
    rows,
  )
  assert.equal(strict.unexpected, 3)
  assert.deepEqual(strict.samples[0]?.values, { a: 0 })
})

test('between compares dates with ISO text, and calls a wrong kind of limit an error', async () => {
  const rows = ['a', '2020-01-01', '2020-06-30']
  const dates = await only('- between: { column: a, minimum: "2020-02-01" }', rows)
  assert.deepEqual([dates.outcome, dates.unexpected], ['fail', 1])
  const wrong = await only('- between: { column: a, minimum: 3 }', rows)
  assert.equal(wrong.outcome, 'error')
  assert.match(wrong.found, /"a" is date/)
})

test('in_set is strict about types', async () => {
  const rows = ['a,b', '1,x', '2,y']
  assert.equal((await only('- in_set: { column: a, values: [1, 2] }', rows)).outcome, 'pass')
  assert.equal((await only('- in_set: { column: a, values: ["1", "2"] }', rows)).outcome, 'error')
  assert.equal((await only('- in_set: { column: b, values: [x] }', rows)).unexpected, 1)
})

test('matches searches anywhere unless told to match all, and explains what RE2 cannot do', async () => {
  const rows = ['a', 'ABC', 'xABCx']
  assert.equal((await only("- matches: { column: a, pattern: '[A-Z]{3}' }", rows)).outcome, 'pass')
  assert.equal((await only("- matches: { column: a, pattern: '[A-Z]{3}', match: full }", rows)).unexpected, 1)
  const lookAhead = await only("- matches: { column: a, pattern: '(?=A)' }", rows)
  assert.equal(lookAhead.outcome, 'error')
  assert.match(lookAhead.found, /RE2/)
})

test('row_count, mean and distinct_count are about the table', async () => {
  const { checks } = await judged(
    [
      '- row_count: { at_least: 3, at_most: 3 }',
      '- mean: { column: a, minimum: 2, maximum: 2 }',
      '- distinct_count: { column: a, at_most: 1 }',
    ].join('\n'),
    ['a', '1', '2', '3'],
  )
  assert.deepEqual(
    checks.map(({ outcome, observed }) => [outcome, observed]),
    [
      ['pass', 3],
      ['pass', 2],
      ['fail', 3],
    ],
  )
})

test('fresh measures the newest row against the clock that it is given', async () => {
  const rows = ['t', '2020-01-01 00:00:00', '2020-01-02 00:00:00']
  const at = (time: string) => ({ time: '  time: t\n', now: () => Date.parse(time) })
  assert.equal((await only('- fresh: { within: 1d }', rows, at('2020-01-03T00:00:00Z'))).outcome, 'pass')
  assert.equal((await only('- fresh: { within: 1d }', rows, at('2020-01-03T00:00:01Z'))).outcome, 'fail')
})

test('custom SQL gives the rows that must not be, and may do nothing but read', async () => {
  const rows = ['a,b', '1,2', '3,2']
  const found = await only('- sql: SELECT * FROM arrival WHERE a > b', rows)
  assert.deepEqual([found.outcome, found.unexpected, found.samples[0]?.values], ['fail', 1, { a: 3, b: 2 }])
  assert.equal((await only('- sql: SELECT * FROM d WHERE a > b AND b > 100;', rows)).outcome, 'pass')
  for (const sql of [
    "COPY arrival TO '/tmp/x.csv'",
    'SELECT 1; SELECT 2',
    'DROP VIEW arrival',
    'SELECT * FROM nothing',
  ]) {
    assert.equal((await only(`- sql: ${sql}`, rows)).outcome, 'error', sql)
  }
})

test('a column that is not there is an error that suggests the nearest one', async () => {
  const check = await only('- not_null: amuont', ['amount', '1'])
  assert.equal(check.outcome, 'error')
  assert.match(check.found, /did you mean "amount"/)
})

test('a check that warns does not refuse the rows', async () => {
  const validation = await judged('- not_null: a\n  severity: warn', ['a,b', ',1'])
  assert.equal(validation.outcome, 'warn')
})

test('text that cannot be read as the type it should have is counted and shown by row', async () => {
  const check = await only('- schema: { a: integer }', ['a', '1', '2.5', '', 'x'])
  assert.equal(check.outcome, 'fail')
  assert.match(check.found, /2 values are no integer, such as "2\.5" in row 2 of d\.csv/)
  assert.deepEqual(
    check.samples.map(({ values }) => values['a']),
    ['2.5', 'x'],
  )
})

test('a schema refuses columns it does not list, unless it allows them', async () => {
  const rows = ['a,b', '1,2']
  const refused = await only('- schema: { a: integer }', rows)
  assert.match(refused.found, /column "b" is not expected/)
  assert.equal((await only('- schema: { a: integer }\n  extra_columns: allow', rows)).outcome, 'pass')
})

test('numbers with a leading zero stay text, and an empty column has no type yet', async () => {
  await using workshop = await openWorkshop('d:\n  source: { files: d.csv }')
  await workshop.write('d.csv', ['zip,empty,n,t,f', '01234,,1.0,2020-01-01 10:00:00,true'])
  await workshop.service.add('d', {}, ada)
  const { columns } = await workshop.service.get('d', 'latest')
  assert.deepEqual(
    columns.map(({ name, type }) => `${name} ${type}`),
    ['zip text', 'empty unknown', 'n number', 't timestamp', 'f boolean'],
  )
})
