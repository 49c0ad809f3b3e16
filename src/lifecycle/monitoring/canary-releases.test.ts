import assert from 'node:assert/strict'
import { test } from 'node:test'
import { analysisSettingsSchema } from '#lifecycle/serving/contract'
import { createRandom } from '#platform/random'
import { LogHistogram } from '#platform/statistics/log-histogram'
import { judgeCanary } from './canary-judgement.ts'

const policy = analysisSettingsSchema.parse({ slowdown: 1.3, score_shift: 0.1, minimum_requests: 300 })

interface Truth {
  readonly failing: number
  readonly slower: number
  readonly shift: number
}

class Side {
  readonly #truth: Truth
  readonly #latency = new LogHistogram()
  readonly #scores = new LogHistogram()
  #requests = 0
  #errors = 0

  constructor(truth: Truth) {
    this.#truth = truth
  }

  ask(random: ReturnType<typeof createRandom>): void {
    this.#requests++
    if (random.uniform() < this.#truth.failing) {
      this.#errors++
      return
    }
    this.#latency.add(5 * this.#truth.slower * Math.exp(0.4 * random.normal()))
    this.#scores.add(random.uniform() + this.#truth.shift)
  }

  get seen() {
    const [requests, errors, rows] = [this.#requests, this.#errors, this.#latency.total]
    return {
      counts: { requests, rows, errors, refused: 0 },
      evidence: { rows, latencyMs: this.#latency.state, scores: this.#scores.state },
    }
  }
}

/** What becomes of a release of which every look is acted on: the first verdict that is not to hold, or what it is at the end. */
function release(truth: Truth, seed: number): { readonly decision: string; readonly requests: number } {
  const random = createRandom(seed)
  const champion = new Side({ failing: 0.01, slower: 1, shift: 0 })
  const canary = new Side(truth)
  for (let requests = 100; requests <= 6000; requests += 100) {
    for (let i = 0; i < 100; i++) (random.uniform() < 0.5 ? champion : canary).ask(random)
    const rollout = { strategy: 'canary', step: 0, steps: 2, isOver: true, candidates: [] } as const
    const { decision } = judgeCanary({
      policy,
      champion: champion.seen,
      canary: canary.seen,
      hasTraffic: true,
      rollout,
    })
    if (decision === 'roll_back') return { decision, requests }
    if (requests === 6000) return { decision, requests }
  }
  throw new Error('a release has an end')
}

const releases = (truth: Truth) => Array.from({ length: 12 }, (_, seed) => release(truth, seed))

test('a version that is as good is taken back in none of a dozen releases, looked at sixty times each', () => {
  const ends = releases({ failing: 0.01, slower: 1, shift: 0 }).map(({ decision }) => decision)
  assert.ok(!ends.includes('roll_back') && ends.filter((end) => end === 'advance').length >= 11, ends.join())
})

test('a version that fails, is slow or scores apart is taken back in all of them', () => {
  for (const harm of [{ failing: 0.08 }, { slower: 2 }, { shift: 0.3 }]) {
    const ends = releases({ failing: 0.01, slower: 1, shift: 0, ...harm })
    assert.ok(
      ends.every(({ decision, requests }) => decision === 'roll_back' && requests <= 3000),
      `${JSON.stringify(harm)}: ${ends.map(({ decision, requests }) => `${decision} ${requests}`).join()}`,
    )
  }
})
