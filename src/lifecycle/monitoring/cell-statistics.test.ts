import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  compareCells,
  homogeneityPValue,
  jensenShannonDistance,
  populationStabilityIndex,
} from './cell-statistics.ts'

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.abs(expected), `${actual} is not ${expected}`)
}

/** The fractional parts of multiples of the golden ratio: a uniform sample that needs no random numbers. */
function uniform(n: number, offset = 0): number[] {
  return Array.from({ length: n }, (_, i) => ((i + 1) * 0.6180339887498949 + offset) % 1)
}

const logit = (u: number): number => Math.log(u / (1 - u))
const a = uniform(2000).map(logit)
const b = uniform(1500, 0.123).map((u) => 1.2 * logit(u) + 0.3)

/** Shares of equal-width cells over the range of `a`, and of everything outside. */
function shares(values: readonly number[], bins: number): number[] {
  const low = Math.min(...a)
  const width = (Math.max(...a) - low) / bins
  const counts = Array.from<number>({ length: bins + 1 }).fill(0)
  for (const value of values) {
    const cell =
      value < low || value > Math.max(...a) ? bins : Math.min(bins - 1, Math.floor((value - low) / width))
    counts[cell] = counts[cell]! + 1 / values.length
  }
  return counts
}

test('the Jensen-Shannon distance agrees with NannyML 0.13.1 on its 13 cells', () => {
  assertClose(jensenShannonDistance(shares(a, 13), shares(b, 13)), 0.11355480563324924)
})

test('the Jensen-Shannon distance agrees with SciPy with base 2, and is 1 for what has nothing in common', () => {
  assertClose(jensenShannonDistance([0.5, 0.3, 0.2], [0.4, 0.3, 0.3]), 0.10619851439230617)
  assert.equal(jensenShannonDistance([1, 0], [0, 1]), 1)
  assert.equal(jensenShannonDistance([0.5, 0.5], [0.5, 0.5]), 0)
})

test('the population stability index agrees with Evidently 0.7.21 where no cell is empty', () => {
  assertClose(populationStabilityIndex([0.5, 0.3, 0.2], [0.4, 0.3, 0.3]), 0.06286086594223739)
})

test("the G-test agrees with SciPy's likelihood ratio divided by Williams's correction", () => {
  // scipy.stats.chi2_contingency(lambda_='log-likelihood', correction=False) gives G = 17.388495588884034 with 3 degrees
  // of freedom; q by hand from Sokal & Rohlf, Biometry, box 17.8.
  const first = [500, 300, 150, 50]
  const second = [80, 90, 20, 10]
  const inverse = [580, 390, 170, 60].reduce((sum, column) => sum + 1 / column, 0)
  const q = 1 + ((1200 * (1 / 1000 + 1 / 200) - 1) * (1200 * inverse - 1)) / (6 * 1200 * 3)
  // scipy.stats.chi2.sf(17.388495588884034 / q, 3)
  assert.ok(Math.abs(q - 1.0089569) < 1e-6)
  assertClose(homogeneityPValue(first, second), 0.0006325467592305762)
})

test('the G-test says nothing where there is nothing to compare', () => {
  assert.equal(homogeneityPValue([0, 0], [3, 4]), 1)
  assert.equal(homogeneityPValue([5], [6]), 1)
  assert.equal(homogeneityPValue([5, 0], [6, 0]), 1)
  assert.deepEqual(compareCells({ labels: [], reference: [], window: [] }), {
    psi: 0,
    jensenShannon: 0,
    pValue: 1,
    largest: undefined,
  })
})

test('effects are freed of what sampling alone would give, and name the cell that moved most', () => {
  const same = compareCells({ labels: ['x', 'y'], reference: [500, 500], window: [50, 50] })
  assert.deepEqual([same.psi, same.jensenShannon], [0, 0])
  const moved = compareCells({ labels: ['x', 'y', 'z'], reference: [500, 400, 100], window: [500, 100, 400] })
  assert.deepEqual(moved.largest, { label: 'y', reference: 0.4, window: 0.1 })
  assert.ok(moved.psi > 0.8 && moved.psi < populationStabilityIndex([0.5, 0.4, 0.1], [0.5, 0.1, 0.4]))
})
