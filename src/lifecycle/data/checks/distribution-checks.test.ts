import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openBench } from './check.fixture.ts'
import { cramersPhi, cramersV, jensenShannon, kullbackLeibler } from './distribution/distances.ts'
import { kolmogorovSurvival } from './distribution/kolmogorov.ts'
import type { WrittenExpectation } from './expectation.ts'

const near = (found: unknown, expected: number, tolerance = 1e-9): void =>
  assert.ok(
    Math.abs(Number(found) - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${String(found)} is not ${expected}`,
  )

// All figures: scipy 1.17.1 and numpy, by the definitions that the comments name.
describe('distances', () => {
  it('agree with scipy', () => {
    near(kullbackLeibler([5, 3, 2], [0.5, 0.25, 0.25]), 0.010067756775344432) // scipy.stats.entropy
    near(jensenShannon([5, 3, 2], [2, 2, 6]), 0.13065890260435883) // jensenshannon(base=2) ** 2
    near(
      cramersPhi([
        [10, 20],
        [30, 15],
      ]),
      0.3000495990744895,
    ) // chi2_contingency, with Yates
    near(
      cramersPhi([
        [10, 20, 5],
        [30, 15, 9],
      ]),
      0.3030457633656632,
    )
    near(cramersV([50, 30, 20], [200, 300, 500]), 0.34513731922202956) // Bergsma's correction
    assert.equal(cramersV([5, 5], [50, 50]), 0)
    assert.equal(jensenShannon([1, 0], [0, 1]), 1)
  })

  it('know the law of the Kolmogorov-Smirnov statistic (scipy.stats.kstwo.sf)', () => {
    near(kolmogorovSurvival(0.3, 10), 0.27053557479999946)
    near(kolmogorovSurvival(0.1, 50), 0.6623112704658186)
    // There scipy itself turns to the series of Pelz and Good, good to seven digits.
    near(kolmogorovSurvival(0.05, 400), 0.26121244607129124, 1e-6)
    near(kolmogorovSurvival(0.6, 8), 0.002778486523437502)
    near(kolmogorovSurvival(0.25, 100), 5.408871776434847e-6, 1e-10)
    // Beyond the exact law: the correction of the limit is good to four digits.
    near(kolmogorovSurvival(0.04, 1000), 0.07933956059000224, 1e-4)
    near(kolmogorovSurvival(0.02, 5000), 0.03613941395325637, 1e-5)
    assert.equal(kolmogorovSurvival(0, 5), 1)
    assert.equal(kolmogorovSurvival(1, 5), 0)
  })
})

describe('the checks of distributions', async () => {
  const bench = await openBench()
  after(() => bench[Symbol.asyncDispose]())
  const values = (list: readonly (number | string)[], type: string): string =>
    `SELECT CAST(v AS ${type}) AS x FROM (VALUES ${list.map((one) => `(${typeof one === 'string' ? `'${one}'` : one})`).join(', ')}, (NULL)) t(v)`
  const judge = async (
    query: string,
    written: WrittenExpectation,
    reference = 'SELECT 1 AS x',
  ): Promise<Awaited<ReturnType<typeof bench.only>>> =>
    bench.only(query, [written], { tables: { previous: reference } })
  const numbers = (list: readonly number[]): string => values(list, 'DOUBLE')
  const letters = (text: string): string => values(Array.from(text), 'VARCHAR')

  it('measure the divergence of categories from a partition, with and without a holdout', async () => {
    const partition = { values: ['a', 'b', 'c'], weights: [0.5, 0.25, 0.25] }
    const kl = (at_most: number | null, more = {}): WrittenExpectation => ({
      kl_divergence: { column: 'x', partition, at_most, ...more },
    })
    const seen = letters('aaaaabbbcc')
    near((await judge(seen, kl(1))).observed, 0.010067756775344432)
    assert.equal((await judge(seen, kl(0.010067756775344432))).outcome, 'pass')
    assert.equal((await judge(seen, kl(0.01))).outcome, 'fail')
    const strange = await judge(letters('aabd'), kl(100))
    assert.deepEqual([strange.outcome, strange.observed], ['fail', null])
    assert.equal((await judge(letters('aabd'), kl(null))).outcome, 'pass')
    // entropy([.5, .25, 0, .25], [.5 * .9, .25 * .9, .25 * .9, .1])
    near((await judge(letters('aabd'), kl(9, { tail_weight_holdout: 0.1 }))).observed, 0.3080930697119085)
    assert.equal((await judge(seen, kl(1, { internal_weight_holdout: 0.1 }))).outcome, 'error')
    const wrong = { values: ['a', 'b'], weights: [0.5, 0.4] }
    assert.equal((await judge(seen, kl(1, { partition: wrong }))).outcome, 'error')
  })

  it('measure it over bins with two tails', async () => {
    const kl = (more: object): WrittenExpectation => ({
      kl_divergence: {
        column: 'x',
        partition: { bins: [0, 1, 2, 3], weights: [0.5, 0.5, 0] },
        at_most: 9,
        ...more,
      },
    })
    const seen = numbers([0, 0.5, 1, 1.5])
    near((await judge(seen, kl({}))).observed, 0)
    const below = await judge(numbers([-1, 0.5, 1]), kl({}))
    assert.deepEqual([below.outcome, below.observed], ['fail', null])
    // entropy([1, 1, 1, 0, 0] / 3, [.05, .4, .4, .1, .05]): the holdouts are .1 for the tails, .1 for the empty bin
    const held = await judge(
      numbers([-1, 0.5, 1]),
      kl({ tail_weight_holdout: 0.1, internal_weight_holdout: 0.1 }),
    )
    near(held.observed, 0.5108256237659907)
    assert.equal((await judge(numbers([3]), kl({}))).observed, null)
    // The last bin has both of its edges.
    const closed = await judge(numbers([2, 3]), kl({ partition: { bins: [2, 3], weights: [1] } }))
    assert.equal(closed.observed, 0)
  })

  it('find equal samples equal, with ties, NaN and infinities on both sides', async () => {
    const sample = `SELECT CASE WHEN r % 10 = 0 THEN 'nan'::DOUBLE WHEN r % 10 = 1 THEN 'inf'::DOUBLE ELSE (r % 7)::DOUBLE END AS x FROM range(200) t(r)`
    for (const [kind, more] of [
      ['js_divergence', {}],
      ['psi', {}],
      ['ks_distance', {}],
      ['emd', {}],
    ] as const) {
      const written = {
        [kind]: { column: 'x', reference: 'previous', at_most: 0, ...more },
      } as unknown as WrittenExpectation
      const { outcome, observed } = await judge(sample, written, sample)
      assert.deepEqual([outcome, observed], ['pass', 0], kind)
    }
  })

  it('is not moved by one value far out', async () => {
    const normal = 'SELECT (r * 7919 % 10007)::DOUBLE AS x FROM range(10000) t(r)'
    const far = `SELECT * FROM (${normal}) UNION ALL SELECT 1e8`
    const { observed } = await judge(
      far,
      { js_divergence: { column: 'x', reference: 'previous', at_most: 0.02 } },
      normal,
    )
    assert.ok(Number(observed) < 0.02)
    const nan = `SELECT CASE WHEN x < 5000 THEN 'nan'::DOUBLE ELSE x END AS x FROM (${normal})`
    const moved = await judge(
      nan,
      { js_divergence: { column: 'x', reference: 'previous', at_most: 0.02 } },
      normal,
    )
    assert.equal(moved.outcome, 'fail')
  })

  it('names the worst category, and refuses numbers', async () => {
    const linf = { l_infinity: { column: 'x', reference: 'previous', at_most: 0.1 } } as const
    const found = await judge(letters('aabc'), linf, letters('abbbc'))
    near(found.observed, 0.35)
    assert.match(found.found, /worst for "b"/)
    assert.equal((await judge(numbers([1, 2]), linf, numbers([1, 2]))).outcome, 'error')
  })

  it('floor shares at 0.01 in the stability index, rare categories together', async () => {
    const psi = { psi: { column: 'x', reference: 'previous', at_most: 0.1 } } as const
    // (0.5 - 0.25) * ln(0.5 / 0.25) + (0.5 - 0.75) * ln(0.5 / 0.75)
    near((await judge(letters('abbb'), psi, letters('aabb'))).observed, 0.27465307216702745)
    // A category that is new: (0.01 - 0.5) * ln(0.01 / 0.5), and 'a' from 1 to 0.5.
    near((await judge(letters('az'), psi, letters('aa'))).observed, 0.49 * Math.log(50) + 0.5 * Math.log(2))
  })

  it('measure the gap and the area between samples', async () => {
    const ks = { ks_distance: { column: 'x', reference: 'previous', at_most: 0.42 } } as const
    const found = await judge(numbers([1, 2, 2, 3, 5, 8]), ks, numbers([2, 2, 4, 5, 9, 9, 10]))
    near(found.observed, 0.4285714285714286) // scipy.stats.ks_2samp
    assert.equal(found.outcome, 'fail')
    const range = 'SELECT range AS r FROM range(40)'
    const left = `SELECT pow(r * 7 % 40, 1.5) AS x FROM (${range})`
    const right = `SELECT (r * 11 % 40) * 6.0::DOUBLE AS x FROM (${range})`
    // wasserstein_distance of numpy-trimmed and scaled values
    near(
      (await judge(left, { emd: { column: 'x', reference: 'previous', at_most: 0.1 } }, right)).observed,
      0.08870007025116773,
    )
    const v = { cramers_v: { column: 'x', reference: 'previous', at_most: 0.1 } } as const
    const counts = (a: number, b: number, c: number): string =>
      letters('a'.repeat(a) + 'b'.repeat(b) + 'c'.repeat(c))
    near((await judge(counts(200, 300, 500), v, counts(50, 30, 20))).observed, 0.34513731922202956)
  })

  it('test a partition by chi-square, where the unexpected has a holdout or refutes', async () => {
    const test = (more: object): WrittenExpectation => ({
      chi_square_test: {
        column: 'x',
        partition: { values: ['a', 'b', 'c'], weights: [0.5, 0.3, 0.2] },
        ...more,
      },
    })
    const seen = `SELECT CASE WHEN r < 540 THEN 'a' WHEN r < 860 THEN 'b' ELSE 'c' END AS x FROM range(1000) t(r)`
    const found = await judge(seen, test({}))
    near(found.observed, 1.2792305934136418e-5, 1e-12) // scipy.stats.chisquare
    assert.equal(found.outcome, 'fail')
    assert.equal((await judge(letters('abd'), test({}))).observed, 0)
    assert.ok(Number((await judge(letters('aaaaabbbcd'), test({ tail_weight_holdout: 0.1 }))).observed) > 0.5)
  })

  it('test distributions with parameters (scipy.stats.kstest)', async () => {
    const cases: readonly (readonly [readonly number[], string, object, number])[] = [
      [[0.1, -0.5, 1.2, 0.4, -1.1, 2, 0, 0.7], 'norm', {}, 0.6134090423583984],
      [[0.05, 0.2, 0.31, 0.4, 0.77], 'beta', { alpha: 2, beta: 3 }, 0.7589301502148604],
      [[0.5, 1, 2, 3.5, 7], 'gamma', { alpha: 2, scale: 1.5 }, 0.8265409053738191],
      [[0.5, 1, 2, 3.5, 7], 'chi2', { df: 3 }, 0.9596513961650295],
      [[0.5, 1, 2, 3.5, 7], 'expon', { scale: 2 }, 0.8954134081302058],
      [[1.5, 1, 2, 3.5, 4.7], 'uniform', { min: 1, max: 5 }, 0.46975],
    ]
    for (const [list, distribution, parameters, expected] of cases) {
      const written = { ks_test: { column: 'x', distribution, parameters } } as WrittenExpectation
      near((await judge(numbers(list), written)).observed, expected)
    }
    const two = await judge(
      numbers([1, 2, 2, 3, 5, 8]),
      { ks_test: { column: 'x', reference: 'previous' } },
      numbers([2, 2, 4, 5, 9, 9, 10]),
    )
    near(two.observed, 0.5160349854227404, 1e-9) // ks_2samp(method='asymp')
    for (const wrong of [
      { distribution: 'beta' },
      { distribution: 'norm', parameters: { df: 1 } },
      { distribution: 'norm', parameters: { std_dev: 0 } },
      {},
    ]) {
      const written = { ks_test: { column: 'x', ...wrong } } as WrittenExpectation
      assert.equal((await judge(numbers([1]), written)).outcome, 'error')
    }
  })

  it('tell by small samples whether a column follows a histogram', async () => {
    const written = (weights: number[]): WrittenExpectation => ({
      bootstrapped_ks_test: {
        column: 'x',
        partition: { bins: [0, 50, 100], weights },
        samples: 200,
        sample_size: 40,
      },
    })
    const even = 'SELECT (r % 100)::DOUBLE AS x FROM range(1000) t(r)'
    const [same, again] = [await judge(even, written([0.5, 0.5])), await judge(even, written([0.5, 0.5]))]
    assert.ok(Number(same.observed) > 0.8)
    assert.equal(same.observed, again.observed)
    assert.ok(Number((await judge(even, written([0.05, 0.95]))).observed) < 0.05)
  })

  it('measure how two columns go together', async () => {
    const pairs = `SELECT a, b FROM (VALUES ('p','u',10),('p','v',20),('q','u',30),('q','v',15)) t(a,b,n), range(30) r(i) WHERE i < n`
    const { observed, outcome } = await bench.only(pairs, [{ cramers_phi: { columns: ['a', 'b'] } }])
    near(observed, 0.3000495990744895)
    assert.equal(outcome, 'fail')
  })

  it('are errors without values, without a reference, or on another kind of column', async () => {
    const empty = 'SELECT NULL::DOUBLE AS x FROM range(2)'
    const all = ['kl_divergence', 'js_divergence', 'psi', 'ks_distance', 'emd'] as const
    for (const kind of all) {
      const written = {
        [kind]: { column: 'x', reference: 'previous', at_most: 1 },
      } as unknown as WrittenExpectation
      assert.equal((await judge(empty, written, numbers([1, 2]))).outcome, 'error', kind)
      assert.equal((await judge(numbers([1, 2]), written, empty)).outcome, 'error', kind)
      assert.equal((await judge(numbers([1]), written, letters('ab'))).outcome, 'error', kind)
      const none = {
        [kind]: { column: 'x', reference: 'elsewhere', at_most: 1 },
      } as unknown as WrittenExpectation
      assert.equal((await judge(numbers([1]), none)).outcome, 'error', kind)
    }
  })
})
