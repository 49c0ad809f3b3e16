import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { importSuite } from './import-suite.ts'
import { openJudge, recording, type Judge } from './recorded-suite.fixture.ts'

interface Recorded {
  readonly type: string
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly success: boolean
  readonly unexpected?: number
}

const recorded = recording<Recorded>('great-expectations.json')

/** A figure of no values is an error here, which refuses rows as a failure does; there it fails, and a sum is 0. */
function isFigureOfNothing({ kwargs, type }: Recorded): boolean {
  return kwargs['column'] === 'e' && /_(?:mean|median|sum|stdev)_/.test(type)
}

let judge: Judge
before(async () => {
  judge = await openJudge(recorded)
})
after(() => judge.close())

test(`says of the same rows what Great Expectations says: ${recorded.results.length} recorded results`, async () => {
  const differing: string[] = []
  const unmapped: string[] = []
  let compared = 0
  for (const { type, kwargs, success, unexpected } of recorded.results) {
    const suite = importSuite(JSON.stringify({ expectations: [{ type, kwargs }] }), 'suite.json')
    if (suite.unmapped.length > 0) {
      unmapped.push(`${type} ${JSON.stringify(kwargs)}: ${suite.unmapped[0]?.reason}`)
      continue
    }
    const [result] = await judge.judge(suite.expectations)
    compared++
    if (isFigureOfNothing({ type, kwargs, success })) {
      assert.equal(result?.outcome, 'error')
      continue
    }
    const same = (result?.outcome === 'pass') === success
    const counted =
      unexpected === undefined || result?.unexpected === undefined || result.unexpected === unexpected
    if (!same || !counted || result?.outcome === 'error') {
      differing.push(
        `${type} ${JSON.stringify(kwargs)}: ${success} ${unexpected}, here ${JSON.stringify(result)}`,
      )
    }
  }
  assert.deepEqual(differing, [])
  assert.deepEqual(unmapped, [])
  assert.ok(compared > 150)
})

test('reads suites of 0.18, severities, conditions as data, and names what has no counterpart', () => {
  const suite = importSuite(
    JSON.stringify({
      expectation_suite_name: 'old',
      ge_cloud_id: null,
      expectations: [
        {
          expectation_type: 'expect_column_values_to_be_between',
          kwargs: {
            column: 'a',
            min_value: 0,
            max_value: null,
            mostly: 0.95,
            row_condition: 'col("b").notNull()',
            condition_parser: 'great_expectations__experimental__',
          },
          meta: { notes: { format: 'markdown', content: ['never below zero'] } },
        },
        {
          type: 'expect_column_values_to_not_be_null',
          kwargs: {
            column: 'a',
            row_condition: {
              type: 'or',
              conditions: [
                { type: 'comparison', column: { name: 'b' }, operator: 'IN', parameter: ['x', "y's"] },
                { type: 'nullity', column: { name: 'c d' }, is_null: true },
              ],
            },
          },
          severity: 'warning',
        },
        { type: 'expect_column_values_to_match_regex', kwargs: { column: 'a', regex: '^(?!x)' } },
        { type: 'expect_column_values_to_be_increasing', kwargs: { column: 'a' } },
        {
          type: 'expect_column_values_to_be_in_set',
          kwargs: { column: 'a', value_set: { $PARAMETER: 'allowed' } },
        },
        { type: 'expect_column_values_to_be_of_my_own', kwargs: { column: 'a' } },
        { type: 'expect_column_values_to_be_between', kwargs: { column: 'z' } },
        { type: 'expect_column_values_to_be_of_type', kwargs: { column: 'a', type_: 'GEOMETRY' } },
        {
          type: 'expect_column_values_to_be_unique',
          kwargs: { column: 'a', row_condition: 'len(b) > 3 ** 2', condition_parser: 'pandas' },
        },
      ],
    }),
    'suite.json',
  )
  assert.deepEqual(suite.expectations, [
    {
      between: { column: 'a', minimum: 0 },
      mostly: 0.95,
      where: '"b" IS NOT NULL',
      description: 'never below zero',
    },
    { not_null: 'a', where: `("b" IN ('x', 'y''s') OR "c d" IS NULL)`, severity: 'warn' },
  ])
  assert.deepEqual(
    suite.unmapped.map(({ name }) => name),
    [
      'expect_column_values_to_match_regex (a)',
      'expect_column_values_to_be_increasing (a)',
      'expect_column_values_to_be_in_set (a)',
      'expect_column_values_to_be_of_my_own (a)',
      'expect_column_values_to_be_between (z)',
      'expect_column_values_to_be_of_type (a)',
      'expect_column_values_to_be_unique (a)',
    ],
  )
  assert.ok(suite.unmapped.every(({ reason }) => reason.length > 10))
})
