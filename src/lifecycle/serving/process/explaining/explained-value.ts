import { fail } from '#contract/errors'
import type { OutputColumn, SignatureOutput } from '../../model-runtime-point.ts'
import type { ScoredSlice } from '../models/batch-queue.ts'

/** The output that is explained: the chance or the prediction, and not the label that follows from it. */
export interface ExplainedOutput {
  readonly name: string
  /** Among the outputs of the model. */
  readonly place: number
  /** Its values are chances, so that differences of them are percentage points. */
  readonly isChance: boolean
}

const preferred = ['probability', 'probabilities', 'prediction'] as const

export function explainedOutput(outputs: readonly SignatureOutput[], label: string): ExplainedOutput {
  const numeric = outputs.filter(({ type }) => type === 'float' || type === 'double')
  const found =
    preferred.map((name) => numeric.find((output) => output.name === name)).find(Boolean) ??
    numeric[0] ??
    outputs.find(({ type }) => type !== 'string')
  if (found === undefined) {
    return fail('invalid_input', `${label} gives no number, and only numbers can be explained.`, {
      hint: `It gives ${outputs.map(({ name, type }) => `${name} (${type})`).join(', ')}.`,
    })
  }
  return { name: found.name, place: outputs.indexOf(found), isChance: found.name.startsWith('probabilit') }
}

/** Values of the explained output, by row and by place within the row. */
export interface ExplainedValues {
  readonly width: number
  of(row: number, place: number): number
}

export function explainedValues(
  { outputs, offset }: ScoredSlice,
  { place }: ExplainedOutput,
): ExplainedValues {
  const { width, values } = outputs[place] as OutputColumn
  return { width, of: (row, at) => Number(values[(offset + row) * width + at]) }
}

/** Of several classes, the one asked for, or else the one that the row got; of two, the second, which is the positive. */
export function explainedPlace(values: ExplainedValues, row: number, asked: number | undefined): number {
  if (asked !== undefined) return asked
  if (values.width <= 2) return values.width - 1
  return largestPlace(values, row)
}

export function largestPlace(values: ExplainedValues, row: number): number {
  let best = 0
  for (let place = 1; place < values.width; place++)
    if (values.of(row, place) > values.of(row, best)) best = place
  return best
}

/** The place of a class by its label, or by its number where the model does not name its classes. */
export function placeOfClass(
  label: string | number,
  classes: readonly (string | number)[] | undefined,
  width: number,
): number {
  const place = classes?.findIndex((each) => String(each) === String(label)) ?? Number(label)
  if (Number.isInteger(place) && place >= 0 && place < width) return place
  return fail('invalid_input', `The model has no class "${String(label).slice(0, 60)}".`, {
    at: 'class',
    hint:
      classes === undefined
        ? `Its classes are numbered from 0 to ${width - 1}.`
        : `Its classes are ${classes.join(', ')}.`,
  })
}
