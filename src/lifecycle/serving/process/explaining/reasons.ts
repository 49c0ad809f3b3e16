import type { RowBatch } from '../../model-runtime-point.ts'
import type { SchemaField } from '../rows/row-schema.ts'
import { chanceOf, type RowExplanation } from './explain-rows.ts'
import { fieldValue, numberWords, valueWords, type FieldValue } from './field-values.ts'

/** What one field did, for programs and for people. */
export interface Contribution {
  readonly field: string
  readonly value: FieldValue
  /** On the scale of the explanation. */
  readonly contribution: number
  readonly standard_error?: number
  /** Percentage points of the chance, where the answer is one. */
  readonly points?: number
  /** The same in every answer of the model. */
  readonly code: string
  readonly reason: string
}

export interface ReasonsOf {
  readonly batch: RowBatch
  readonly fields: readonly SchemaField[]
  readonly codes: readonly string[]
  readonly isChance: boolean
}

/** All fields, the strongest first. */
export function contributionsOf(
  explanation: RowExplanation,
  row: number,
  { batch, fields, codes, isChance }: ReasonsOf,
): readonly Contribution[] {
  const { contributions, standardErrors } = explanation
  return fields
    .map((field, place): Contribution => {
      const value = fieldValue(batch, field, row)
      const contribution = contributions[place] as number
      const error = standardErrors?.[place]
      const points = isChance ? pointsOf(explanation, contribution) : undefined
      return {
        field: field.name,
        value,
        contribution,
        ...(error === undefined ? {} : { standard_error: error }),
        ...(points === undefined ? {} : { points }),
        code: codes[place] as string,
        reason: `${field.name} ${valueWords(value, field)} ${effectWords(explanation, { contribution, points, isChance })}`,
      }
    })
    .toSorted(
      (left, right) =>
        Math.abs(right.contribution) - Math.abs(left.contribution) || (left.field < right.field ? -1 : 1),
    )
}

/** How much higher the chance is than it would be without the contribution. Those of several fields do not add up. */
function pointsOf({ scale, raw }: RowExplanation, contribution: number): number | undefined {
  if (scale === 'log_odds') return 100 * (chanceOf(raw) - chanceOf(raw - contribution))
  return scale === 'output' ? 100 * contribution : undefined
}

interface Effect {
  readonly contribution: number
  readonly points: number | undefined
  readonly isChance: boolean
}

function effectWords({ label }: RowExplanation, { contribution, points, isChance }: Effect): string {
  if (contribution === 0) return 'changed nothing'
  const verb = contribution > 0 ? 'raised' : 'lowered'
  const what = isChance
    ? label === undefined
      ? 'the chance'
      : `the chance of ${label}`
    : label === undefined
      ? 'the prediction'
      : `the score of ${label}`
  if (points === undefined) {
    const score = isChance ? `the score of ${label ?? 'the class'}` : what
    return `${verb} ${score} by ${numberWords(Math.abs(Number(contribution.toPrecision(3))))}`
  }
  const size = Math.abs(points)
  return `${verb} ${what} by ${size < 0.05 ? 'less than 0.1' : size.toFixed(1)} points`
}

/** A word in capitals for each field, from its name; names that give the same word are numbered in the signature's order. */
export function reasonCodes(fields: readonly { readonly name: string }[]): readonly string[] {
  const seen = new Map<string, number>()
  return fields.map(({ name }) => {
    const word = name
      .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
      .toUpperCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
      .replaceAll(/^_+|_+$/g, '')
    const count = (seen.get(word) ?? 0) + 1
    seen.set(word, count)
    return count === 1 && word !== '' ? word : `${word}_${count}`
  })
}
