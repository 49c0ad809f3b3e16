import { createHash } from 'node:crypto'
import { fail } from '#contract/errors'
import { createRandom, type Random } from '#platform/random'
import type { RowBatch } from '../../model-runtime-point.ts'
import type { RowSchema } from '../rows/row-schema.ts'
import type { ExplainedValues } from './explained-value.ts'
import { mixRows, type MixedRow } from './mixed-rows.ts'

export interface SamplingAsked {
  readonly schema: RowSchema
  readonly rows: RowBatch
  /** What the rows are compared with. */
  readonly others: RowBatch
  /** By row, which value of the output is explained, and what it is. */
  readonly places: readonly number[]
  readonly scores: readonly number[]
  readonly requestId: string
  /** Rows that the model may be asked for each row that is explained. */
  readonly budgetRows: number
  /** In the time of `performance.now()`. */
  readonly endAt: number
  score(batch: RowBatch): Promise<ExplainedValues>
}

export interface SampledRow {
  readonly base: number
  /** By field. */
  readonly contributions: Float64Array
  /** By field; undefined after one pair of permutations. */
  readonly standardErrors: Float64Array | undefined
  readonly permutations: number
}

/** One call of the model goes on for about so long, as predictions wait for it. */
const callTargetMs = 20
const firstCallRows = 64
const mostCallRows = 1024

/**
 * Shapley values by sampled permutations (Štrumbelj and Kononenko, "Explaining prediction models and individual predictions
 * with feature contributions", KAIS 41, 2014): one field after the other gets the value of the row instead of that of a row of
 * the background, and what the answer changes by is the field's. Each permutation is also gone backwards (antithetic
 * sampling: Mitchell et al., JMLR 23, 2022), which cancels much of the error, so that pairs are what errors are counted by.
 * Rows of the background take turns. Values and base add up to the score exactly, however few pairs there were.
 *
 * The permutations follow from the id of the request alone; how many of them there are, from the time that they take. Fails with
 * `timed_out` when not every row got a pair, and `invalid_input` when the budget has none for one row.
 */
export async function sampledShapley(asked: SamplingAsked): Promise<readonly SampledRow[]> {
  const { schema, rows, others, places, budgetRows, endAt } = asked
  const fields = schema.fields.length
  const pairRows = 2 * (fields - 1)
  const mostPairs = pairRows === 0 ? others.rows : Math.floor((budgetRows - others.rows) / pairRows)
  if (mostPairs < 1) {
    fail('invalid_input', `A budget of ${budgetRows} rows is too small for ${fields} fields.`, {
      at: 'explain.budget_rows',
      hint: `One row takes ${pairRows + others.rows} at least: raise explain.budget_rows of the deployment.`,
    })
  }
  const none = new Uint8Array(fields)
  const baseRows = Array.from({ length: others.rows }, (_, other): MixedRow => ({ row: 0, other, own: none }))
  const otherValues = await asked.score(mixRows(schema, { rows, others }, baseRows))
  const walks = places.map((place, row) => new RowWalk({ row, place, fields, asked, otherValues }))

  let callRows = firstCallRows
  let pair = 0
  let next = 0
  while (pair < mostPairs) {
    const taken: { readonly walk: RowWalk; readonly order: Int32Array; readonly other: number }[] = []
    const mixed: MixedRow[] = []
    while (pair < mostPairs && (taken.length === 0 || mixed.length + pairRows <= callRows)) {
      const walk = walks[next] as RowWalk
      const { order, other } = walk.draw(pair)
      taken.push({ walk, order, other })
      mixed.push(...walk.rowsOf(order, other))
      if (++next === walks.length) {
        next = 0
        pair++
      }
    }
    const startedAt = performance.now()
    const values =
      mixed.length === 0 ? undefined : await asked.score(mixRows(schema, { rows, others }, mixed))
    for (const [i, { walk, order, other }] of taken.entries())
      walk.add({ order, other }, values, i * pairRows)
    const now = performance.now()
    if (now > endAt) {
      if (pair > 0) break
      fail('timed_out', `${next} of ${walks.length} rows were explained in time.`, {
        at: 'explain.budget',
        hint: 'Ask for fewer rows at once, or raise explain.budget of the deployment.',
      })
    }
    const fitting = (mixed.length * callTargetMs) / Math.max(now - startedAt, 0.1)
    callRows = Math.max(pairRows, Math.min(mostCallRows, fitting))
  }
  return walks.map((walk) => walk.result())
}

interface WalkFrom {
  readonly row: number
  readonly place: number
  readonly fields: number
  readonly asked: SamplingAsked
  readonly otherValues: ExplainedValues
}

interface Drawn {
  readonly order: Int32Array
  readonly other: number
}

/** The sums of one row so far. */
class RowWalk {
  readonly #from: WalkFrom
  readonly #random: Random
  readonly #turn: Int32Array
  readonly #sums: Float64Array
  readonly #squares: Float64Array
  readonly #change: Float64Array
  #base = 0
  #pairs = 0

  constructor(from: WalkFrom) {
    const { row, fields, asked } = from
    this.#from = from
    this.#random = createRandom(seedOf(`${asked.requestId}:${row}`))
    this.#turn = shuffled(asked.others.rows, this.#random)
    this.#sums = new Float64Array(fields)
    this.#squares = new Float64Array(fields)
    this.#change = new Float64Array(fields)
  }

  draw(pair: number): Drawn {
    const other = this.#turn[pair % this.#turn.length] as number
    return { order: shuffled(this.#from.fields, this.#random), other }
  }

  /** Between the two ends, forwards and then backwards. */
  rowsOf(order: Int32Array, other: number): MixedRow[] {
    const { row, fields } = this.#from
    const mixed: MixedRow[] = []
    for (const way of [order, order.toReversed()]) {
      let own = new Uint8Array(fields)
      for (let i = 0; i < fields - 1; i++) {
        own = own.slice()
        own[way[i] as number] = 1
        mixed.push({ row, other, own })
      }
    }
    return mixed
  }

  add({ order, other }: Drawn, values: ExplainedValues | undefined, begin: number): void {
    const { row, place, fields, asked, otherValues } = this.#from
    const first = otherValues.of(other, place)
    const last = asked.scores[row] as number
    this.#change.fill(0)
    let at = begin
    for (const way of [order, order.toReversed()]) {
      let before = first
      for (let i = 0; i < fields; i++) {
        const after = i === fields - 1 ? last : (values?.of(at++, place) ?? last)
        const field = way[i] as number
        this.#change[field] = (this.#change[field] as number) + (after - before) / 2
        before = after
      }
    }
    for (let field = 0; field < fields; field++) {
      const change = this.#change[field] as number
      this.#sums[field] = (this.#sums[field] as number) + change
      this.#squares[field] = (this.#squares[field] as number) + change * change
    }
    this.#base += first
    this.#pairs++
  }

  result(): SampledRow {
    const count = this.#pairs
    const contributions = this.#sums.map((sum) => sum / count)
    const standardErrors = this.#squares.map((squares, field) => {
      const mean = contributions[field] as number
      return Math.sqrt(Math.max(0, squares / count - mean * mean) / (count - 1))
    })
    return {
      base: this.#base / count,
      contributions,
      standardErrors: count < 2 ? undefined : standardErrors,
      permutations: count * 2,
    }
  }
}

function seedOf(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6)
}

/** Fisher and Yates. */
function shuffled(count: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[order[i], order[j]] = [order[j] as number, order[i] as number]
  }
  return order
}
