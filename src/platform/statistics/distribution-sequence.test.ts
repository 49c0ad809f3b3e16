import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { distributionRadius } from './distribution-sequence.ts'

test('agrees with the reference value of confseq, the library of the authors', () => {
  const radius = distributionRadius({ from: 100, alpha: 0.05 })(1000)
  assert.ok(Math.abs(radius - 0.08204769) < 1e-5, `${radius}`)
})

test('is no wider than the closed form of the paper with its rounded constant', () => {
  const radius = distributionRadius({ from: 1, alpha: 0.05 })
  for (const n of [100, 10_000, 1_000_000]) {
    const closed = 0.85 * Math.sqrt((Math.log(Math.log(Math.E * n)) + 0.8 * Math.log(1612 / 0.05)) / n)
    assert.ok(radius(n) <= closed && radius(n) > 0.97 * closed, `${radius(n)} against ${closed}`)
  }
})

test('holds the whole distribution at each of 10,000 looks in all but alpha of the runs', () => {
  const [runs, cells, from] = [60, 20, 200]
  const radius = distributionRadius({ from, alpha: 0.05 })
  let missed = 0
  for (let seed = 0; seed < runs; seed++) {
    const random = createRandom(seed)
    const counts = new Float64Array(cells)
    for (let n = 1; n <= 10_000; n++) {
      const cell = Math.floor(random.uniform() * cells)
      counts[cell] = (counts[cell] as number) + 1
      if (n < from) continue
      let [below, gap] = [0, 0]
      for (let edge = 0; edge < cells; edge++) {
        below += counts[edge] as number
        gap = Math.max(gap, Math.abs(below / n - (edge + 1) / cells))
      }
      if (gap > radius(n)) {
        missed++
        break
      }
    }
  }
  assert.ok(missed / runs <= 0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs), `${missed} of ${runs}`)
})
