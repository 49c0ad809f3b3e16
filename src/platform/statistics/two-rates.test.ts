import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { logLikelihood } from './bernoulli-mixture.ts'
import { logEvidenceOfMore, rateDifferenceBounds, type TwoRates } from './two-rates.ts'

const counts = (tried: readonly [number, number], stable: readonly [number, number]): TwoRates => ({
  tried: { hits: tried[0], trials: tried[1] },
  stable: { hits: stable[0], trials: stable[1] },
})

/** The same evidence the long way round: the prior integrated and the hypothesis searched on a grid. */
function evidenceByGrid(rates: TwoRates, margin: number): number {
  const mixed = (counted: TwoRates['tried'], a: number, b: number): number => {
    const cells = 200_000
    let [mass, sum] = [0, 0]
    for (let cell = 0; cell < cells; cell++) {
      // rate = u², which takes the pole of the prior at zero away.
      const u = (cell + 0.5) / cells
      const density = 2 * u * u ** (2 * (a - 1)) * (1 - u * u) ** (b - 1)
      mass += density
      sum += density * Math.exp(logLikelihood(counted, u * u))
    }
    return sum / mass
  }
  let likeliest = 0
  for (let i = 0; i <= 1000; i++) {
    for (let j = 0; j <= 1000; j++) {
      if (i / 1000 > j / 1000 + margin + 1e-12) continue
      const chance = Math.exp(logLikelihood(rates.tried, i / 1000) + logLikelihood(rates.stable, j / 1000))
      if (chance > likeliest) likeliest = chance
    }
  }
  return Math.log((mixed(rates.tried, 0.5, 8) * mixed(rates.stable, 0.5, 30)) / likeliest)
}

test('agrees with the prior integrated and the hypothesis searched on a grid', () => {
  for (const [rates, margin] of [
    [counts([6, 40], [1, 60]), 0],
    [counts([6, 40], [1, 60]), 0.05],
    [counts([1, 40], [9, 90]), 0],
  ] as const) {
    const [exact, byGrid] = [logEvidenceOfMore(rates, margin), evidenceByGrid(rates, margin)]
    assert.ok(Math.abs(exact - byGrid) < 0.005, `${exact} against ${byGrid}`)
  }
})

test('is an e-value: under every hypothesis it allows, its expectation is at most one', () => {
  const logChoose = (n: number, k: number): number => {
    let sum = 0
    for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i)
    return sum
  }
  for (const [triedRate, stableRate] of [
    [0.02, 0.02],
    [0.3, 0.3],
    [0.01, 0.2],
  ] as const) {
    let expectation = 0
    for (let i = 0; i <= 30; i++) {
      for (let j = 0; j <= 50; j++) {
        const rates = counts([i, 30], [j, 50])
        const chance =
          logChoose(30, i) +
          logLikelihood(rates.tried, triedRate) +
          logChoose(50, j) +
          logLikelihood(rates.stable, stableRate)
        expectation += Math.exp(chance + logEvidenceOfMore(rates, 0))
      }
    }
    assert.ok(expectation <= 1, `${expectation} at ${triedRate} and ${stableRate}`)
  }
})

test('the interval ends where the evidence reaches its limit, and holds what was seen', () => {
  const rates = counts([6, 100], [0, 1000])
  const { low, high } = rateDifferenceBounds(rates, 0.001)
  assert.ok(low > 0.004 && low < 0.06 && high > 0.06 && high < 0.3, `${low} to ${high}`)
  assert.ok(Math.abs(logEvidenceOfMore(rates, low) - Math.log(1000)) < 1e-6)
  assert.deepEqual(rateDifferenceBounds(counts([0, 0], [0, 0]), 0.05), { low: -1, high: 1 })
})

interface Trial {
  readonly tried: number
  readonly stable: number
  readonly alpha: number
}

/** After how many requests, looked at after each, the evidence is there; undefined when it never is within 10,000. */
function firstProof({ tried, stable, alpha }: Trial, seed: number): number | undefined {
  const random = createRandom(seed)
  const seen = [0, 0, 0, 0] as [number, number, number, number]
  for (let request = 1; request <= 10_000; request++) {
    const [trials, hits, rate] = random.uniform() < 0.3 ? ([0, 1, tried] as const) : ([2, 3, stable] as const)
    seen[trials]++
    if (random.uniform() < rate) seen[hits]++
    if (logEvidenceOfMore(counts([seen[1], seen[0]], [seen[3], seen[2]]), 0) >= Math.log(1 / alpha))
      return request
  }
  return undefined
}

function proofs(trial: Trial, runs: number): { readonly share: number; readonly median: number } {
  const found = Array.from({ length: runs }, (_, seed) => firstProof(trial, seed))
    .filter((request) => request !== undefined)
    .sort((a, b) => a - b)
  return { share: found.length / runs, median: found[Math.floor(found.length / 2)] ?? Number.NaN }
}

test('equal rates, looked at after each of 10,000 requests: false alarms stay at or below alpha', () => {
  const { share } = proofs({ tried: 0.02, stable: 0.02, alpha: 0.05 }, 100)
  // Three standard errors of 100 runs above 0.05.
  assert.ok(share <= 0.05 + 3 * Math.sqrt((0.05 * 0.95) / 100), `${share} of the runs`)
})

test('finds real trouble: 5 % against none and 3 % against 1 %, at alpha 0.001 and a share of 30 %', () => {
  const plain = proofs({ tried: 0.05, stable: 0, alpha: 0.001 }, 40)
  assert.ok(plain.share === 1 && plain.median < 1000, `${plain.median} requests`)
  const slight = proofs({ tried: 0.03, stable: 0.01, alpha: 0.001 }, 40)
  assert.ok(slight.share > 0.9 && slight.median < 6000, `${slight.share} within ${slight.median} requests`)
})
