import { fail } from '#contract/errors'
import type { FeatureConfig } from '../feature-contract.ts'
import type { createEvaluator } from './evaluate.ts'
import { isText, type Expression, type NumberExpression } from './expression.ts'
import type { FittedFeature, PreparedColumn } from './fit-feature.ts'

interface Encoding {
  readonly name: string
  readonly encode: FeatureConfig['encode']
  readonly expression: Expression
  readonly label: Float64Array | undefined
}

/** The last step of a feature: one column or several, numbers or categories. */
export function encodeFeature(
  { name, encode, expression, label }: Encoding,
  evaluator: ReturnType<typeof createEvaluator>,
  statistics: Record<string, unknown>,
): Pick<FittedFeature, 'name' | 'columns' | 'crossFitted'> {
  const one = (kind: PreparedColumn['kind'], of: Expression): Pick<FittedFeature, 'name' | 'columns'> => ({
    name,
    columns: [{ name, kind, expression: of }],
  })
  if (encode === undefined) return one(isText(expression) ? 'category' : 'number', expression)
  if (encode === 'category') return one('category', expression)
  if (typeof encode === 'object' && 'hash' in encode) {
    const { hash: buckets, words } = encode
    if (!isText(expression))
      return fail('invalid_input', `"${name}" is a number; only text is hashed.`, { at: name })
    return {
      name,
      columns: Array.from({ length: buckets }, (_, bucket) => ({
        name: `${name}#${bucket}`,
        kind: 'number' as const,
        expression: { kind: 'hash' as const, of: expression, buckets, words, bucket },
      })),
    }
  }
  const groups = groupRows(expression, evaluator)
  const { levels, counts } = groups
  if (levels.length === 0) {
    return fail('training_failed', `"${name}" is missing in every row, so it has no category.`, { at: name })
  }
  if (encode === 'ordinal') {
    statistics['levels'] = levels
    const values = levels.map((_, i) => i)
    // A category that training never saw comes before all others.
    return one('number', levelsExpression(expression, { levels, values, otherwise: -1, missing: null }))
  }
  if (encode === 'one_hot' || (typeof encode === 'object' && 'one_hot' in encode)) {
    const most = encode === 'one_hot' ? 50 : encode.one_hot.most
    const kept = levels
      .map((level, i) => ({ level, count: counts[i] ?? 0 }))
      .toSorted((left, right) => right.count - left.count)
      .slice(0, most)
      .map(({ level }) => level)
    statistics['levels'] = kept
    return {
      name,
      columns: kept.map((level) => ({
        name: `${name}=${level}`,
        kind: 'number',
        expression: levelsExpression(expression, { levels: [level], values: [1], otherwise: 0, missing: 0 }),
      })),
    }
  }
  const { smoothing, folds } = typeof encode === 'object' ? encode.target : { smoothing: 20, folds: 5 }
  return targetEncoding({ name, expression, smoothing, folds }, { groups, statistics, label })
}

interface Groups {
  /** In their own order, so that the order of rows does not matter. */
  readonly levels: readonly (string | number)[]
  readonly counts: readonly number[]
  /** Of each row; -1 is missing. */
  readonly places: Int32Array
}

function groupRows(expression: Expression, evaluator: ReturnType<typeof createEvaluator>): Groups {
  const cells: (string | number | undefined)[] = []
  if (isText(expression)) {
    const { codes, levels } = evaluator.texts(expression)
    for (const code of codes) cells.push(code === -1 || levels[code] === '' ? undefined : levels[code])
  } else {
    for (const value of evaluator.numbers(expression)) cells.push(Number.isNaN(value) ? undefined : value + 0)
  }
  const known = new Set(cells.filter((cell) => cell !== undefined))
  const levels = [...known].toSorted((left, right) => (left < right ? -1 : 1))
  const placeOf = new Map(levels.map((level, i) => [level, i]))
  const counts = levels.map(() => 0)
  const places = Int32Array.from(cells, (cell) => (cell === undefined ? -1 : (placeOf.get(cell) ?? -1)))
  for (const place of places) if (place !== -1) counts[place] = (counts[place] ?? 0) + 1
  return { levels, counts, places }
}

function levelsExpression(
  of: Expression,
  map: {
    readonly levels: readonly (string | number)[]
    readonly values: readonly (number | null)[]
    readonly otherwise: number | null
    readonly missing: number | null
  },
): NumberExpression {
  return isText(of)
    ? { kind: 'text_levels', of, ...map, levels: map.levels.map(String) }
    : { kind: 'number_levels', of, ...map, levels: map.levels.map(Number) }
}

/**
 * The mean label of a category, drawn to the overall mean by `smoothing` rows. Rows that it is fitted on get the mean of
 * the other folds: with their own label in it, the model would learn to read it off (Micci-Barreca 2001; cross-fitting as
 * in scikit-learn's TargetEncoder).
 */
function targetEncoding(
  {
    name,
    expression,
    smoothing,
    folds,
  }: { name: string; expression: Expression; smoothing: number; folds: number },
  {
    groups,
    statistics,
    label,
  }: { groups: Groups; statistics: Record<string, unknown>; label: Float64Array | undefined },
): Pick<FittedFeature, 'name' | 'columns' | 'crossFitted'> {
  if (label === undefined) {
    return fail('invalid_input', `"${name}" is encoded by the label, and no label is given.`, {
      hint: 'Target encoding works in a `train` step.',
      at: name,
    })
  }
  const { levels, places } = groups
  // Fold by place: neighbours in time or by group fall into different folds.
  const foldOf = (row: number): number => row % folds
  const meansWithout = (fold: number): { means: Float64Array; overall: number } => {
    const sums = new Float64Array(levels.length)
    const counts = new Float64Array(levels.length)
    let total = 0
    let rows = 0
    for (let row = 0; row < places.length; row++) {
      if (foldOf(row) === fold) continue
      const value = label[row] as number
      total += value
      rows++
      const place = places[row] as number
      if (place === -1) continue
      sums[place] = (sums[place] as number) + value
      counts[place] = (counts[place] as number) + 1
    }
    const overall = rows === 0 ? 0 : total / rows
    const means = sums.map((sum, i) => {
      const weight = (counts[i] as number) + smoothing
      return weight === 0 ? overall : (sum + smoothing * overall) / weight
    })
    return { means, overall }
  }
  const values = new Float64Array(places.length)
  for (let fold = 0; fold < folds; fold++) {
    const { means, overall } = meansWithout(fold)
    for (let row = fold; row < places.length; row += folds) {
      const place = places[row] as number
      values[row] = place === -1 ? overall : (means[place] as number)
    }
  }
  const { means, overall } = meansWithout(-1)
  statistics['levels'] = levels
  statistics['means'] = [...means]
  statistics['overall'] = overall
  return {
    name,
    columns: [
      {
        name,
        kind: 'number',
        expression: levelsExpression(expression, {
          levels,
          values: [...means],
          otherwise: overall,
          missing: overall,
        }),
      },
    ],
    crossFitted: { [name]: values },
  }
}
