import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openBench } from './check.fixture.ts'
import type { WrittenExpectation } from './expectation.ts'

/** Outcome, considered and unexpected rows of one check on the rows of VALUES. */
describe('the checks', async () => {
  const bench = await openBench()
  after(() => bench[Symbol.asyncDispose]())

  const rows = (values: string, names: string): string => `SELECT * FROM (VALUES ${values}) t(${names})`
  const outcome = async (query: string, written: WrittenExpectation): Promise<string> => {
    const { outcome: told, considered, unexpected } = await bench.only(query, [written])
    return considered === undefined ? told : `${told} ${unexpected}/${considered}`
  }
  const expectAll = async (query: string, cases: readonly (readonly [WrittenExpectation, string])[]) => {
    for (const [written, expected] of cases) {
      assert.equal(await outcome(query, written), expected, JSON.stringify(written))
    }
  }

  const numbers = rows("(1, 1.0::DOUBLE), (2, 'nan'::DOUBLE), (2, 3), (NULL, NULL), (5, 9)", 'a, x')
  const nothing = `SELECT * FROM (${numbers}) WHERE false`
  const allMissing = 'SELECT NULL::INTEGER AS a, NULL::DOUBLE AS x FROM range(3)'

  it('count missing values among all rows, and NaN with them', async () => {
    await expectAll(numbers, [
      [{ not_null: 'a' }, 'fail 1/5'],
      [{ not_null: 'x' }, 'fail 2/5'],
      [{ is_null: 'x' }, 'fail 3/5'],
      [{ not_null: 'x', mostly: 0.6 }, 'pass 2/5'],
      [{ presence: { column: 'x', minimum_fraction: 0.6, minimum_count: 3 } }, 'pass 2/5'],
      [{ presence: { column: 'x', minimum_fraction: 0.61 } }, 'fail 2/5'],
      [{ not_null: 'b' }, 'error'],
    ])
    const told = await bench.only(numbers, [{ not_null: 'x' }])
    assert.match(told.found, /2 of 5 rows are missing \(40 %\), 1 of them NaN/)
    assert.equal(told.percentOfTotal, 40)
  })

  it('take tokens and patterns for missing where they are told to', async () => {
    const text = rows("('a'), ('NA'), (''), (NULL), ('-9')", 'a')
    await expectAll(text, [
      [{ not_missing: { columns: 'a' } }, 'fail 1/5'],
      [{ not_missing: { columns: 'a', tokens: ['NA', ''] } }, 'fail 3/5'],
      [{ not_missing: { columns: ['a'], tokens: ['NA', ''], pattern: '-\\d+' } }, 'fail 4/5'],
      [{ not_missing: { columns: 'a', pattern: '(' } }, 'error'],
    ])
  })

  it('leave missing values out of ranges and sets', async () => {
    await expectAll(numbers, [
      [{ between: { column: 'a', minimum: 1, maximum: 2 } }, 'fail 1/4'],
      [{ between: { column: 'a', minimum: 1, maximum: 5, strict_minimum: true } }, 'fail 1/4'],
      [{ between: { column: 'x', minimum: 1, maximum: 9 } }, 'pass 0/3'],
      [{ between: { column: 'x', maximum: 9, strict_maximum: true } }, 'fail 1/3'],
      [{ between: { column: 'a' } }, 'error'],
      [{ between: { column: 'a', minimum: 3, maximum: 1 } }, 'error'],
      [{ between: { column: 'a', minimum: '2020-01-01' } }, 'error'],
      [{ in_set: { column: 'a', values: [1, 2] } }, 'fail 1/4'],
      [{ in_set: { column: 'a', values: null } }, 'pass 0/4'],
      [{ in_set: { column: 'a', values: ['1'] } }, 'error'],
      [{ not_in_set: { column: 'a', values: [2, 7] } }, 'fail 2/4'],
    ])
  })

  it('pass where no row is considered, and say so', async () => {
    for (const query of [nothing, allMissing]) {
      await expectAll(query, [
        [{ between: { column: 'a', minimum: 1 } }, 'pass 0/0'],
        [{ in_set: { column: 'a', values: [1] } }, 'pass 0/0'],
        [{ unique: 'a' }, 'pass 0/0'],
        [{ z_score: { column: 'a', below: 3 } }, 'pass 0/0'],
        [{ increasing: { column: 'a', order_by: 'x' } }, 'pass 0/0'],
        [{ equal_columns: ['a', 'x'] }, 'pass 0/0'],
        [{ mean: { column: 'a', minimum: 0 } }, 'error'],
        [{ min: { column: 'a', minimum: 0 } }, 'error'],
        [{ median: { column: 'a', minimum: 0 } }, 'error'],
        [{ sum: { column: 'a', minimum: 0 } }, 'error'],
        [{ stdev: { column: 'a', minimum: 0 } }, 'error'],
        [{ quantiles: { column: 'a', ranges: [{ quantile: 0.5 }] } }, 'error'],
        [{ most_common_in_set: { column: 'a', values: [1] } }, 'error'],
        [{ unique_proportion: { column: 'a', maximum: 0 } }, 'pass'],
        [{ distinct_count: { column: 'a', equals: 0 } }, 'pass'],
        [{ distinct_in_set: { column: 'a', values: [1] } }, 'pass'],
        [{ distinct_contains_set: { column: 'a', values: [1] } }, 'fail'],
        [{ fresh: { column: 'a', within: '1d' } }, 'error'],
      ])
    }
  })

  it('judge figures of a column without its missing values', async () => {
    await expectAll(numbers, [
      [{ mean: { column: 'a', minimum: 2.5, maximum: 2.5 } }, 'pass'],
      [{ mean: { column: 'a', minimum: 2.5, strict_minimum: true } }, 'fail'],
      [{ median: { column: 'a', minimum: 2, maximum: 2 } }, 'pass'],
      [{ sum: { column: 'x', minimum: 13, maximum: 13 } }, 'pass'],
      [{ min: { column: 'x', minimum: 1, maximum: 1 } }, 'pass'],
      [{ max: { column: 'x', maximum: 8 } }, 'fail'],
      // numpy.std([1, 2, 2, 5], ddof=1)
      [{ stdev: { column: 'a', minimum: 1.732050807, maximum: 1.732050808 } }, 'pass'],
      [{ distinct_count: { column: 'a', equals: 3 } }, 'pass'],
      [{ unique_proportion: { column: 'a', minimum: 0.75, maximum: 0.75 } }, 'pass'],
      [{ row_count: { equals: 5 } }, 'pass'],
      [{ row_count: { at_least: 6 } }, 'fail'],
      [{ mean: { column: 't', minimum: 1 } }, 'error'],
    ])
    const text = rows("('b'), ('a'), (NULL)", 'a')
    await expectAll(text, [
      [{ min: { column: 'a', minimum: 'a', maximum: 'a' } }, 'pass'],
      [{ max: { column: 'a', maximum: 'a' } }, 'fail'],
      [{ mean: { column: 'a', minimum: 1 } }, 'error'],
    ])
    const warned = await bench.only(numbers, [
      { mean: { column: 'a', minimum: 0, maximum: 9, warn_outside: { minimum: 3 } } },
    ])
    assert.deepEqual([warned.outcome, warned.severity], ['fail', 'warn'])
  })

  it('interpolate quantiles as numpy does', async () => {
    // numpy.quantile([1, 2, 4, 8], 0.4, method=...) of 2.0.2
    const expected = { linear: 2.4, lower: 2, higher: 4, nearest: 2, midpoint: 3 } as const
    for (const [interpolation, value] of Object.entries(expected)) {
      const { found } = await bench.only(rows('(4), (1), (NULL), (8), (2)', 'a'), [
        {
          quantiles: {
            column: 'a',
            ranges: [{ quantile: 0.4, minimum: value - 1e-9, maximum: null }],
            interpolation: interpolation as keyof typeof expected,
          },
        },
      ])
      assert.equal(found, `it is ${value}`, interpolation)
    }
  })

  it('tell the three directions of a set of values apart', async () => {
    await expectAll(numbers, [
      [{ distinct_in_set: { column: 'a', values: [1, 2, 5, 7] } }, 'pass'],
      [{ distinct_in_set: { column: 'a', values: [1, 2] } }, 'fail'],
      [{ distinct_equals_set: { column: 'a', values: [1, 2, 5] } }, 'pass'],
      [{ distinct_equals_set: { column: 'a', values: [1, 2, 5, 7] } }, 'fail'],
      [{ distinct_contains_set: { column: 'a', values: [1, 2] } }, 'pass'],
      [{ distinct_contains_set: { column: 'a', values: [7] } }, 'fail'],
    ])
  })

  it('want one most frequent value unless ties are okay', async () => {
    const tied = rows('(1), (1), (2), (2), (3), (NULL), (NULL), (NULL)', 'a')
    await expectAll(tied, [
      [{ most_common_in_set: { column: 'a', values: [1] } }, 'fail'],
      [{ most_common_in_set: { column: 'a', values: [1], ties_okay: true } }, 'pass'],
      [{ most_common_in_set: { column: 'a', values: [3], ties_okay: true } }, 'fail'],
    ])
    await expectAll(numbers, [[{ most_common_in_set: { column: 'a', values: [2] } }, 'pass']])
  })

  it('score by the sample deviation, on one side or both, and refuse the limit itself', async () => {
    // Of [1, 2, 3, 4, 10]: mean 4, sample deviation 3.5355; the scores are -0.8485 and 1.6971.
    const scored = rows('(1), (2), (3), (4), (10), (NULL)', 'a')
    await expectAll(scored, [
      [{ z_score: { column: 'a', below: 1.69 } }, 'fail 1/5'],
      [{ z_score: { column: 'a', below: 1.7 } }, 'pass 0/5'],
      [{ z_score: { column: 'a', below: 0.8 } }, 'fail 2/5'],
      [{ z_score: { column: 'a', below: 0.8, sides: 'upper' } }, 'fail 1/5'],
    ])
    await expectAll(rows('(7), (7)', 'a'), [[{ z_score: { column: 'a', below: 0.1 } }, 'pass 0/2']])
  })

  it('compare neighbours in the order that is written, missing ones dropped', async () => {
    const series = rows('(1, 1), (2, 3), (3, NULL), (4, 3), (5, 2)', 't, a')
    await expectAll(series, [
      [{ increasing: { column: 'a', order_by: 't' } }, 'fail 1/4'],
      [{ increasing: { column: 'a', order_by: 't', strictly: true } }, 'fail 2/4'],
      [{ decreasing: { column: 'a', order_by: 't' } }, 'fail 1/4'],
      [{ increasing: { column: 'a', order_by: 't' }, where: 't < 5' }, 'pass 0/3'],
    ])
    const tied = rows('(1, 5), (1, 2), (2, 7)', 't, a')
    await expectAll(tied, [
      [{ increasing: { column: 'a', order_by: ['t'] } }, 'pass 0/3'],
      [{ decreasing: { column: 'a', order_by: ['t'] } }, 'fail 1/3'],
    ])
  })

  it('count all of a group of equal ones, or all but one', async () => {
    const keyed = rows("(1, 'x'), (1, 'x'), (1, 'y'), (NULL, 'z'), (NULL, NULL), (NULL, NULL)", 'a, b')
    await expectAll(keyed, [
      [{ unique: 'a' }, 'fail 3/3'],
      [{ unique: { columns: 'a', report: 'exclude_first' } }, 'fail 2/3'],
      [{ unique: { columns: 'a', report: 'exclude_last' } }, 'fail 2/3'],
      [{ unique: ['a', 'b'] }, 'fail 2/4'],
      [{ unique: { columns: ['a', 'b'], ignore: 'any_missing' } }, 'fail 2/3'],
      [{ unique: { columns: ['a', 'b'], ignore: 'never' } }, 'fail 4/6'],
      [{ duplicates: { columns: ['a', 'b'], at_most: '50%' } }, 'pass 2/4'],
      [{ duplicates: { columns: ['a', 'b'], at_most: '49.99%' } }, 'fail 2/4'],
      [{ duplicates: { columns: 'a', at_most: 3 } }, 'pass 3/3'],
      [{ duplicates: { columns: 'a', at_most: 1, report: 'exclude_first' } }, 'fail 2/3'],
    ])
    const { samples } = await bench.only(`SELECT *, row_number() OVER () AS i FROM (${keyed})`, [
      { unique: { columns: ['a'], report: 'exclude_first' } },
    ])
    assert.equal(samples.length, 2)
  })

  it('look for repeated values within a row', async () => {
    const wide = rows('(1, 2, 3), (1, 1, 3), (NULL, NULL, 1), (NULL, NULL, NULL)', 'a, b, c')
    await expectAll(wide, [
      [{ unique_within_row: ['a', 'b', 'c'] }, 'fail 1/3'],
      [{ unique_within_row: { columns: ['a', 'b', 'c'], ignore: 'any_missing' } }, 'fail 1/2'],
      [{ unique_within_row: { columns: ['a', 'b', 'c'], ignore: 'never' } }, 'fail 1/4'],
    ])
  })

  it('compare pairs by the rule for missing ones', async () => {
    const pairs = rows('(2, 1), (1, 1), (NULL, 1), (NULL, NULL)', 'a, b')
    await expectAll(pairs, [
      [{ greater_than: { column: 'a', other: 'b' } }, 'fail 2/3'],
      [{ greater_than: { column: 'a', other: 'b', or_equal: true, ignore: 'either_missing' } }, 'pass 0/2'],
      [{ greater_than: { column: 'a', other: 'b', ignore: 'neither' } }, 'fail 3/4'],
      [{ equal_columns: ['a', 'b'] }, 'fail 2/3'],
      [{ equal_columns: { columns: ['a', 'b'], ignore: 'either_missing' } }, 'fail 1/2'],
      [
        {
          pair_in_set: {
            columns: ['a', 'b'],
            values: [
              [2, 1],
              [1, 1],
            ],
          },
        },
        'fail 1/3',
      ],
      [
        {
          pair_in_set: {
            columns: ['a', 'b'],
            values: [
              [2, 1],
              [1, 1],
              [null, 1],
            ],
          },
        },
        'pass 0/3',
      ],
      [{ sum_equals: { columns: ['a', 'b'], total: 3 } }, 'fail 2/3'],
      [{ sum_equals: { columns: ['a', 'b'], total: 3, ignore: 'any_missing' } }, 'fail 1/2'],
      [
        { sum_equals: { columns: ['a', 'b'], total: 2.5, tolerance: 0.5, ignore: 'any_missing' } },
        'pass 0/2',
      ],
    ])
    await expectAll(rows("(1, 'x')", 'a, b'), [[{ equal_columns: ['a', 'b'] }, 'error']])
  })

  it('match patterns anywhere, from the start, or as a whole; any of several or all', async () => {
    const text = rows("('ab1'), ('1ab'), ('ab'), (NULL)", 'a')
    await expectAll(text, [
      [{ matches: { column: 'a', pattern: 'ab' } }, 'pass 0/3'],
      [{ matches: { column: 'a', pattern: 'ab', match: 'prefix' } }, 'fail 1/3'],
      [{ matches: { column: 'a', pattern: 'ab|1', match: 'full' } }, 'fail 2/3'],
      [{ matches: { column: 'a', patterns: ['^ab', '^1'] } }, 'pass 0/3'],
      [{ matches: { column: 'a', patterns: ['ab', '1'], of: 'all' } }, 'fail 1/3'],
      [{ not_matches: { column: 'a', pattern: '1' } }, 'fail 2/3'],
      [{ not_matches: { column: 'a', patterns: ['^ab', '1$'], of: 'all' } }, 'fail 1/3'],
      [{ like: { column: 'a', pattern: 'ab%' } }, 'fail 1/3'],
      [{ like: { column: 'a', patterns: ['_ab', 'ab%'] } }, 'pass 0/3'],
      [{ not_like: { column: 'a', pattern: '%1%' } }, 'fail 2/3'],
      [{ like: { column: 'a', pattern: 'a!b1', escape: '!' } }, 'fail 2/3'],
      [{ length: { column: 'a', equals: 3 } }, 'fail 1/3'],
      [{ length: { column: 'a', at_least: 2, at_most: 3 } }, 'pass 0/3'],
      [{ matches: { column: 'a', pattern: '(?<=a)b' } }, 'error'],
      [{ matches: { column: 'a' } }, 'error'],
    ])
    // A letter beyond the first plane and a combining mark: code points, not bytes nor UTF-16 units.
    await expectAll(rows("('𝒳'), ('e\u0301')", 'a'), [[{ length: { column: 'a', equals: 1 } }, 'fail 1/2']])
    await expectAll(numbers, [[{ matches: { column: 'a', pattern: '1' } }, 'error']])
  })

  it('read dates and JSON in full', async () => {
    const dates = rows(
      "('03.02.2020'), ('2020-02-03'), ('03.02.2020x'), ('31.02.2020'), ('epoch'), (NULL)",
      'a',
    )
    await expectAll(dates, [
      [{ date_format: { column: 'a', format: '%d.%m.%Y' } }, 'fail 4/5'],
      [{ date_parseable: 'a' }, 'fail 3/5'],
      [{ date_format: { column: 'a', format: '%Q' } }, 'error'],
    ])
    await expectAll(numbers, [[{ date_format: { column: 'a', format: '%Y' } }, 'error']])
    const json = rows(`('{"n": 1}'), ('{"n": "x"}'), ('[1'), (NULL)`, 'a')
    const schema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }
    await expectAll(json, [
      [{ json_parseable: 'a' }, 'fail 1/3'],
      [{ json_schema: { column: 'a', schema } }, 'fail 2/3'],
      [{ json_schema: { column: 'a', schema: { type: 'nonsense' } } }, 'error'],
    ])
  })

  it('know the columns of a table', async () => {
    const table = rows("(1, 'x', 1.5::DOUBLE)", 'a, b, c')
    await expectAll(table, [
      [{ column_exists: 'a' }, 'pass'],
      [{ column_exists: { column: 'b', position: 3 } }, 'fail'],
      [{ columns_in_order: ['a', 'b', 'c'] }, 'pass'],
      [{ columns_in_order: ['a', 'c', 'b'] }, 'fail'],
      [{ columns_in_order: ['a', 'b'] }, 'fail'],
      [{ columns_in_set: { columns: ['c', 'b', 'a'] } }, 'pass'],
      [{ columns_in_set: { columns: ['a'] } }, 'fail'],
      [{ columns_in_set: { columns: ['a'], match: 'contains' } }, 'pass'],
      [{ columns_in_set: { columns: ['a', 'b', 'c', 'd'], match: 'within' } }, 'pass'],
      [{ unique_column_names: true }, 'pass'],
      [{ column_count: { equals: 3 } }, 'pass'],
      [{ column_count: { at_most: 2 } }, 'fail'],
      [{ has_type: { column: 'a', type: 'number' } }, 'pass'],
      [{ has_type: { column: 'c', type: ['integer', 'text'] } }, 'fail'],
    ])
  })
})
