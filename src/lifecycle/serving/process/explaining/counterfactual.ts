import { goalOf } from './counterfactual-goal.ts'
import type { ModelAtHand } from './explain-rows.ts'
import type { CounterfactualAsked } from './explain-request.ts'
import { fail } from '#contract/errors'
import { candidatesOf, type FieldCandidates } from './field-candidates.ts'
import { fieldValue, numberWords, valueWords, type FieldValue } from './field-values.ts'
import { openBatch, blockStart, type OpenBatch, type SchemaField } from '../rows/row-schema.ts'

export interface Counterfactual {
  readonly found: boolean
  readonly changes: readonly {
    readonly field: string
    readonly from: FieldValue
    readonly to: FieldValue
  }[]
  /** What the model answers to the changed row; of one that was not found, to the nearest. */
  readonly score: number
  readonly rows_tried: number
  readonly reason: string
}

export interface CounterfactualTerms {
  readonly row: number
  readonly asked: CounterfactualAsked
  readonly budgetRows: number
  /** In the time of `performance.now()`. */
  readonly endAt: number
}

/** One field with another value. */
interface Change {
  readonly place: number
  readonly value: number | string
  /** How far the value is from the row's, by the range of what was tried; 1 for a text. */
  readonly distance: number
}

const callRows = 256

/**
 * A small change that gives the answer asked for: field by field, each time the value that brings the answer nearest to the
 * goal, and of those that reach it the nearest to the row; then every change is taken back that the goal does not need. The
 * model itself has answered to what is returned. A greedy search finds a small change, not always the smallest.
 */
export async function findCounterfactual(
  model: ModelAtHand,
  { row, asked, budgetRows, endAt }: CounterfactualTerms,
): Promise<Counterfactual> {
  const { schema, batch } = model
  refuseUnknownFields(asked.fixed, schema.fields)
  const goal = goalOf(model, row, asked)
  const candidates = candidatesOf(model, row).filter(({ field }) => !asked.fixed.includes(field.name))
  const spent = { rows: 0, isOver: false }
  const score = async (sets: readonly (readonly Change[])[]): Promise<readonly Tried[]> => {
    const found: Tried[] = []
    for (let begin = 0; begin < sets.length; begin += callRows) {
      if (spent.rows >= budgetRows || performance.now() > endAt) {
        spent.isOver = true
        break
      }
      const some = sets.slice(begin, begin + Math.min(callRows, budgetRows - spent.rows))
      const values = await model.score(changedRows(model, row, some))
      spent.rows += some.length
      for (const [i, changes] of some.entries())
        found.push({ changes, missing: goal.missing(values, i), score: values.of(i, goal.place) })
    }
    return found
  }
  let best: Tried = {
    changes: [],
    missing: goal.missing(model.values, row),
    score: model.values.of(row, goal.place),
  }
  while (best.missing > 0 && best.changes.length < asked.maxChanges && !spent.isOver) {
    const { changes } = best
    const next = await score(changesOf(candidates, changes).map((change) => [...changes, change]))
    const nearest = next.reduce((left, right) => (isBetter(right, left) ? right : left), best)
    if (nearest === best) break
    best = nearest
  }
  if (best.missing > 0) {
    const why = spent.isOver
      ? 'None was found within the budget'
      : `None was found with ${asked.maxChanges} changes`
    const reason = `${why}; the nearest answer was ${numberWords(Number(best.score.toPrecision(4)))}.`
    return { found: false, changes: [], score: best.score, rows_tried: spent.rows, reason }
  }
  best = await pruned(best, score)
  const changes = best.changes.map(({ place, value }) => {
    const field = schema.fields[place] as SchemaField
    return { field, from: fieldValue(batch, field, row), to: shown(field, value) }
  })
  const words = changes.map(
    ({ field, from, to }) => `${field.name} ${valueWords(to, field)} instead of ${valueWords(from, field)}`,
  )
  const answer = numberWords(Number(best.score.toPrecision(4)))
  return {
    found: true,
    changes: changes.map(({ field, from, to }) => ({ field: field.name, from, to })),
    score: best.score,
    rows_tried: spent.rows,
    reason:
      words.length === 0
        ? `It is so already: the answer is ${answer}.`
        : `With ${words.join(' and ')} the answer would be ${answer}.`,
  }
}

interface Tried {
  readonly changes: readonly Change[]
  /** How much the answer is short of the goal; zero or less when it is reached. */
  readonly missing: number
  readonly score: number
}

function isBetter(left: Tried, right: Tried): boolean {
  if (left.missing <= 0 !== right.missing <= 0) return left.missing <= 0
  if (left.missing > 0) return left.missing < right.missing - 1e-9
  return lengthOf(left) < lengthOf(right)
}

function lengthOf({ changes }: Tried): number {
  return changes.reduce((sum, { distance }) => sum + 1 + distance, 0)
}

/** Without each change in turn, as long as the goal is still reached. */
async function pruned(
  found: Tried,
  score: (sets: readonly (readonly Change[])[]) => Promise<readonly Tried[]>,
): Promise<Tried> {
  let best = found
  while (best.changes.length > 1) {
    const fewer = await score(best.changes.map((left) => best.changes.filter((change) => change !== left)))
    const reached = fewer.filter(({ missing }) => missing <= 0)
    if (reached.length === 0) break
    best = reached.reduce((left, right) => (isBetter(right, left) ? right : left))
  }
  return best
}

function changesOf(candidates: readonly FieldCandidates[], made: readonly Change[]): Change[] {
  return candidates
    .filter(({ place }) => !made.some((change) => change.place === place))
    .flatMap(({ place, values }) => values.map(({ value, distance }) => ({ place, value, distance })))
}

function changedRows(
  { schema, batch }: ModelAtHand,
  row: number,
  sets: readonly (readonly Change[])[],
): OpenBatch {
  const made = openBatch(schema, sets.length)
  for (const field of schema.fields) {
    if (field.type === 'string') made.texts[field.column]?.fill(batch.texts[field.column]?.[row] ?? '')
    else {
      const begin = blockStart(field, sets.length)
      made.numbers.fill(
        batch.numbers[blockStart(field, batch.rows) + row] as number,
        begin,
        begin + sets.length,
      )
    }
  }
  for (const [i, changes] of sets.entries())
    for (const { place, value } of changes) {
      const field = schema.fields[place] as SchemaField
      if (typeof value === 'string') (made.texts[field.column] as string[])[i] = value
      else made.numbers[blockStart(field, sets.length) + i] = value
    }
  return made
}

function shown(field: SchemaField, value: number | string): FieldValue {
  if (typeof value === 'string') return value
  if (field.type === 'boolean') return value !== 0
  return field.type === 'datetime' ? new Date(value).toISOString() : value
}

function refuseUnknownFields(fixed: readonly string[], fields: readonly SchemaField[]): void {
  const unknown = fixed.find((name) => !fields.some((field) => field.name === name))
  if (unknown === undefined) return
  fail(
    'invalid_input',
    `counterfactual.fixed names "${unknown.slice(0, 60)}", which is no field of the model.`,
    {
      at: 'counterfactual.fixed',
      hint: `Its fields are ${fields.map(({ name }) => name).join(', ')}.`,
    },
  )
}
