import { fail } from '#contract/errors'
import type { Frame } from '#platform/tables/index'
import { originOf, type FeatureConfig } from '../feature-contract.ts'
import { datePart, onCircle } from './date-part.ts'
import { encodeFeature } from './encode-feature.ts'
import { createEvaluator } from './evaluate.ts'
import { add, apply, divide, isText, subtract, type Expression, type NumberExpression } from './expression.ts'

/** A feature that a model may learn from, and where it comes from. */
export interface FeatureRequest {
  /** `view.feature`, or the name that the step gives it. */
  readonly name: string
  readonly config: FeatureConfig
  /** The column of the table that holds it already, where its origin is a join and not the row. */
  readonly column?: string
  /** The view that defines it. */
  readonly view?: { readonly name: string; readonly feature: string }
}

export type RawKind = 'number' | 'text' | 'time'

export interface FitSource {
  readonly frame: Frame
  readonly kindOf: (column: string) => RawKind
  /** One a row; needed by target encoding alone. */
  readonly label: Float64Array | undefined
}

/** What a trainer sees, and how it is computed. */
export interface PreparedColumn {
  readonly name: string
  readonly kind: 'number' | 'category'
  readonly expression: Expression
}

export interface FittedFeature {
  readonly name: string
  readonly columns: readonly PreparedColumn[]
  /** What was learned from the rows, by step. */
  readonly statistics: Readonly<Record<string, unknown>>
  /** Values for the very rows it was fitted on, where those must not know their own label. */
  readonly crossFitted?: Readonly<Record<string, Float64Array>>
}

/**
 * Fits a feature on the rows that are learned from, and on no others: each step is fitted on what the steps before it made
 * of those rows.
 *
 * @throws training_failed for rows that nothing can be learned from, invalid_input for a step that does not fit its column
 */
export function fitFeature(request: FeatureRequest, source: FitSource): FittedFeature {
  const { name, config } = request
  const statistics: Record<string, unknown> = {}
  const evaluator = createEvaluator(source.frame)
  let expression = originExpression(request, source)
  const needNumber = (step: string): NumberExpression =>
    isText(expression)
      ? fail('invalid_input', `${step} of "${name}" needs a number, and its column is text.`, {
          hint: 'Use `encode:` for text, or turn the column into a number in the step before.',
          at: name,
        })
      : expression
  if (config.part !== undefined) expression = datePart(config.part, needNumber('part'))
  if (config.cyclic && config.part !== undefined) {
    const { sin, cos } = onCircle(
      config.part,
      imputed(request, needNumber('cyclic'), { evaluator, statistics }),
    )
    return {
      name,
      statistics,
      columns: [
        { name: `${name}_sin`, kind: 'number', expression: sin },
        { name: `${name}_cos`, kind: 'number', expression: cos },
      ],
    }
  }
  if (config.impute !== undefined) {
    expression = isText(expression)
      ? imputedText(request, expression, { evaluator, statistics })
      : imputed(request, expression, { evaluator, statistics })
  }
  if (config.log !== undefined) {
    const of = needNumber('log')
    expression = apply('log', config.log === true || config.log.plus === 0 ? of : add(of, config.log.plus))
  }
  if (config.bucket !== undefined) {
    const of = needNumber('bucket')
    const edges = fitEdges(name, config.bucket, evaluator.numbers(of))
    statistics['edges'] = edges
    expression = { kind: 'edges', of, edges }
  }
  if (config.scale !== undefined) {
    const of = needNumber('scale')
    const { center, spread } = fitScale(name, config.scale, evaluator.numbers(of))
    statistics['center'] = center
    statistics['spread'] = spread
    expression = divide(subtract(of, center), spread)
  }
  return {
    ...encodeFeature({ name, encode: config.encode, expression, label: source.label }, evaluator, statistics),
    statistics,
  }
}

/** A value from the row alone. What takes more than the row was refused when the project was read. */
function originExpression({ name, config, column }: FeatureRequest, { kindOf }: FitSource): Expression {
  const read = (from: string): Expression =>
    kindOf(from) === 'text' ? { kind: 'text', column: from } : { kind: 'number', column: from }
  const number = (from: string): NumberExpression => {
    const expression = read(from)
    return isText(expression)
      ? fail('invalid_input', `"${name}" computes with "${from}", which is text.`, { at: name })
      : expression
  }
  const isTimed = config.part === undefined
  const single = column ?? config.column
  if (single !== undefined) {
    if (!isTimed && kindOf(single) !== 'time') {
      fail('invalid_input', `"${name}" takes the ${config.part} of "${single}", which is no time.`, {
        hint: `Turn it into one in the step before: CAST(${single} AS TIMESTAMP).`,
        at: name,
      })
    }
    return read(single)
  }
  const { ratio, difference } = config
  if (ratio !== undefined) return divide(number(ratio[0]), number(ratio[1]))
  if (difference !== undefined) return subtract(number(difference[0]), number(difference[1]))
  return fail(
    'invalid_input',
    `"${name}" is ${originOf(config)}, which cannot be computed from one row when a model answers.`,
    {
      hint: 'Define it in a feature view with source, entity and time, and join it to the rows in a `join` step.',
      at: name,
    },
  )
}

interface Fitting {
  readonly evaluator: ReturnType<typeof createEvaluator>
  readonly statistics: Record<string, unknown>
}

function imputed(
  { name, config }: FeatureRequest,
  of: NumberExpression,
  { evaluator, statistics }: Fitting,
): NumberExpression {
  const { impute } = config
  if (impute === undefined) return of
  if (typeof impute !== 'string') {
    if (typeof impute.value === 'number') return { kind: 'fill', of, value: impute.value }
    return fail(
      'invalid_input',
      `"${name}" is a number, and its missing values would become the text "${impute.value}".`,
      { at: name },
    )
  }
  const present = presentOf(name, evaluator.numbers(of))
  const value =
    impute === 'mean' ? mean(present) : impute === 'median' ? median(present) : mostFrequent(present)
  statistics['impute'] = value
  return { kind: 'fill', of, value }
}

function imputedText(
  { name, config }: FeatureRequest,
  of: Extract<Expression, { kind: 'text' | 'fill_text' }>,
  { evaluator, statistics }: Fitting,
): Expression {
  const { impute } = config
  if (typeof impute === 'object') return { kind: 'fill_text', of, value: String(impute.value) }
  if (impute !== 'most_frequent') {
    return fail('invalid_input', `"${name}" is text, which has no ${impute}.`, {
      hint: 'Use impute: most_frequent, or a value: impute: { value: unknown }.',
      at: name,
    })
  }
  const { codes, levels } = evaluator.texts(of)
  const counts = levels.map(() => 0)
  for (const code of codes) if (code !== -1 && levels[code] !== '') counts[code] = (counts[code] ?? 0) + 1
  const most = Math.max(0, ...counts)
  if (most === 0) return fail('training_failed', `"${name}" is missing in every row.`, { at: name })
  // Of several the first in the alphabet, whatever the order of the rows.
  const value = levels.filter((_, i) => counts[i] === most).toSorted()[0] ?? ''
  statistics['impute'] = value
  return { kind: 'fill_text', of, value }
}

function fitEdges(
  name: string,
  bucket: NonNullable<FeatureConfig['bucket']>,
  values: Float64Array,
): number[] {
  if (Array.isArray(bucket)) return bucket
  const present = presentOf(name, values).toSorted()
  const count = 'quantiles' in bucket ? bucket.quantiles : bucket.equal_width
  const [least, most] = [present[0] as number, present.at(-1) as number]
  const edges = Array.from({ length: count - 1 }, (_, i) =>
    'quantiles' in bucket
      ? (present[Math.min(present.length - 1, Math.floor(((i + 1) * present.length) / count))] as number)
      : least + ((most - least) * (i + 1)) / count,
  )
  // Where many rows have one value, several quantiles are that value.
  return [...new Set(edges)]
}

function fitScale(
  name: string,
  scale: NonNullable<FeatureConfig['scale']>,
  values: Float64Array,
): { center: number; spread: number } {
  const present = presentOf(name, values)
  if (scale === 'min_max') {
    const least = present.reduce((a, b) => Math.min(a, b))
    const most = present.reduce((a, b) => Math.max(a, b))
    return { center: least, spread: most === least ? 1 : most - least }
  }
  const center = mean(present)
  const deviation = Math.sqrt(present.reduce((sum, value) => sum + (value - center) ** 2, 0) / present.length)
  return { center, spread: deviation === 0 ? 1 : deviation }
}

function presentOf(name: string, values: Float64Array): Float64Array {
  const present = values.filter((value) => Number.isFinite(value))
  if (present.length > 0) return present
  return fail('training_failed', `"${name}" is missing in every row, so nothing can be fitted.`, {
    hint: 'Leave it out, or give a value for missing ones: impute: { value: 0 }.',
    at: name,
  })
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: Float64Array): number {
  const sorted = values.toSorted()
  const middle = sorted.length >>> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

function mostFrequent(values: Float64Array): number {
  const sorted = values.toSorted()
  let best = sorted[0] as number
  let longest = 0
  for (let start = 0; start < sorted.length;) {
    let end = start
    while (end < sorted.length && sorted[end] === sorted[start]) end++
    if (end - start > longest) [best, longest] = [sorted[start] as number, end - start]
    start = end
  }
  return best
}
