import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openBench } from './check.fixture.ts'
import type { WrittenExpectation } from './expectation.ts'

describe('the checks of integrity', async () => {
  const bench = await openBench()
  after(() => bench[Symbol.asyncDispose]())
  const told = async (query: string, written: WrittenExpectation): Promise<string> => {
    const { outcome, considered, unexpected } = await bench.only(query, [written])
    return considered === undefined ? outcome : `${outcome} ${unexpected}/${considered}`
  }
  const text = (...values: readonly (string | null)[]): string =>
    `SELECT * FROM (VALUES ${values.map((value) => (value === null ? '(NULL)' : `('${value}')`)).join(', ')}) t(a)`

  it('find a column that says nothing', async () => {
    assert.equal(await told(text('x', 'x', null), { more_than_one_value: 'a' }), 'fail')
    assert.equal(await told(text('x', 'y'), { more_than_one_value: 'a' }), 'pass')
    assert.equal(await told('SELECT NULL::INTEGER AS a', { more_than_one_value: 'a' }), 'error')
  })

  it('find several ways to say that a value is missing', async () => {
    const mixed = await bench.only(text('x', 'NA', 'na', null), [{ no_mixed_nulls: 'a' }])
    assert.deepEqual([mixed.outcome, mixed.observed], ['fail', 3])
    assert.equal(await told(text('x', 'NA', 'NA'), { no_mixed_nulls: 'a' }), 'pass')
    assert.equal(
      await told(text('x', '99', null), { no_mixed_nulls: { columns: 'a', tokens: ['99'] } }),
      'fail',
    )
    assert.equal(await told('SELECT 1 AS a', { no_mixed_nulls: 'a' }), 'pass')
  })

  it('find numbers among text and text among numbers', async () => {
    assert.equal(await told(text('1', '2.5', 'x', null), { no_mixed_types: 'a' }), 'fail 1/3')
    assert.equal(await told(text('a', 'b', '3', null), { no_mixed_types: 'a' }), 'fail 1/3')
    assert.equal(await told(text('1', '2'), { no_mixed_types: 'a' }), 'pass 0/2')
    assert.equal(await told(text('1', '2', '3', 'x'), { no_mixed_types: 'a', mostly: 0.75 }), 'pass 1/4')
  })

  it('find two spellings of a value, and values of nothing but symbols', async () => {
    const cities = text('Berlin', 'berlin ', 'BERLIN!', 'Paris', '??', '?', null)
    assert.equal(await told(cities, { no_string_variants: 'a' }), 'fail 3/6')
    assert.equal(await told(cities, { no_special_characters: 'a' }), 'fail 2/6')
    const { samples } = await bench.only(cities, [{ no_string_variants: 'a' }])
    assert.deepEqual(
      samples.map(({ values }) => values['a']),
      ['Berlin', 'berlin ', 'BERLIN!'],
    )
  })

  it('find equal rows with different labels, and copies of rows', async () => {
    const rows = `SELECT * FROM (VALUES (1, 'x', 0), (1, 'x', 1), (2, NULL, 0), (2, NULL, 1), (3, 'y', 1), (3, 'y', 1)) t(a, b, label)`
    assert.equal(await told(rows, { no_conflicting_labels: { label: 'label' } }), 'fail 4/6')
    assert.equal(await told(rows, { no_conflicting_labels: { label: 'label', columns: ['b'] } }), 'fail 4/6')
    assert.equal(await told(rows, { no_duplicate_rows: true }), 'fail 1/6')
    assert.equal(await told(rows, { no_duplicate_rows: { columns: ['a'] } }), 'fail 3/6')
    assert.equal(await told(rows, { no_duplicate_rows: true, where: 'a < 3' }), 'pass 0/4')
  })

  it('find a column that knows the label', async () => {
    const rows = `SELECT r AS id, r % 3 AS noise, CASE WHEN r % 2 = 0 THEN 'p' ELSE 'q' END AS copy,
      (r % 2)::INTEGER AS label, 'n' || r AS name, (r % 100) * 2.0 AS twice, (r % 100) AS quantity FROM range(2000) t(r)`
    const score = async (feature: string, label: string): Promise<number> => {
      const { observed } = await bench.only(rows, [
        { identifier_label_correlation: { identifier: feature, label } },
      ])
      return Number(observed)
    }
    assert.equal(await score('copy', 'label'), 1)
    assert.equal(await score('name', 'label'), 0)
    assert.ok((await score('noise', 'label')) < 0.2)
    assert.ok((await score('twice', 'quantity')) > 0.9)
    const leak = await bench.only(rows, [{ feature_label_correlation: { label: 'label' } }])
    assert.equal(leak.outcome, 'fail')
    assert.match(leak.found, /^copy 1/)
    const sorted = 'SELECT r AS id, (r > 1000)::INTEGER AS label FROM range(2000) t(r)'
    assert.equal(
      await told(sorted, { identifier_label_correlation: { identifier: 'id', label: 'label' } }),
      'fail',
    )
  })

  it('weigh the classes', async () => {
    const rows = 'SELECT (r < 5)::INTEGER AS a FROM range(100) t(r)'
    assert.equal(await told(rows, { class_balance: { column: 'a' } }), 'fail')
    assert.equal(await told(rows, { class_balance: { column: 'a', minimum_ratio: 0.05 } }), 'pass')
  })

  it('find a row that lies far from all others', async () => {
    const rows = `SELECT (r * 37 % 100)::DOUBLE AS a, (r * 53 % 100)::DOUBLE AS b FROM range(200) t(r) UNION ALL SELECT 1000, -1000`
    const found = await bench.only(rows, [{ no_outlier_rows: { columns: ['a', 'b'] } }])
    assert.deepEqual([found.outcome, found.unexpected, found.considered], ['fail', 1, 201])
    assert.deepEqual(found.samples[0]?.values, { a: 1000, b: -1000 })
  })
})
