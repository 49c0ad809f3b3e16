import type { Column, Frame } from '#platform/tables/frame'
import type { Task } from './contract.ts'
import { labelScores } from './leak-scores.ts'
import { rocAuc } from './ranking-metrics.ts'
import { r2 } from './regression-metrics.ts'
import { defaultMetricOptions } from './metric.ts'
import { prepareRows } from './scored-rows.ts'

/**
 * A feature that looks as if it knew the answer. An `error` should stop training, a `warning` should be read.
 */
export interface Leak {
  readonly feature: string
  readonly severity: 'error' | 'warning'
  readonly by: 'name' | 'value'
  /** One sentence for people. */
  readonly reason: string
}

export interface LeakageInput {
  readonly task: Task
  readonly label: { readonly name: string; readonly values: ArrayLike<number> }
  /** The features only, without the label. */
  readonly features: Frame
  /** Features that someone has looked at and found innocent. */
  readonly allowed?: readonly string[]
}

/**
 * Looks for the label among the features. By name: a feature called like the label, or whose name contains
 * it, is an error; one that only carries a word such as `outcome` is a warning. By value: a single feature
 * that decides the label (ROC AUC above 0.99, or R² above 0.99 for regression, whichever way the feature
 * points) is an error, above 0.95 a warning.
 */
export function findLeaks(input: LeakageInput): readonly Leak[] {
  const allowed = new Set(input.allowed)
  return Object.entries(input.features.columns)
    .filter(([feature]) => !allowed.has(feature))
    .flatMap(([feature, column]) => {
      const byName = leakByName(feature, input.label.name)
      const byValue = leakByValue(feature, column, input)
      return [byName, byValue].filter((leak) => leak !== undefined)
    })
}

const telltaleWords = new Set([
  'label',
  'labels',
  'target',
  'outcome',
  'groundtruth',
  'truth',
  'response',
  'answer',
])

function leakByName(feature: string, label: string): Leak | undefined {
  const found = { feature, by: 'name' as const }
  const words = wordsOf(feature)
  const labelWords = wordsOf(label)
  if (words.join('') === labelWords.join('')) {
    return { ...found, severity: 'error', reason: `feature ${feature} is called like the label` }
  }
  // A label called `y` would be found in every name that has this word.
  if (labelWords.join('').length > 1 && containsRun(words, labelWords)) {
    return {
      ...found,
      severity: 'error',
      reason: `the name of feature ${feature} contains the label ${label}`,
    }
  }
  const telltale = words.find((word) => telltaleWords.has(word))
  if (telltale === undefined) return undefined
  return {
    ...found,
    severity: 'warning',
    reason: `the name of feature ${feature} contains the word ${telltale}, as columns made from the label do`,
  }
}

/** Below this, a feature decides the label by chance too easily. */
const minimumRows = 100
const minimumPerClass = 10

function leakByValue(feature: string, column: Column, { task, label }: LeakageInput): Leak | undefined {
  const metric = task === 'binary' ? rocAuc : r2
  let strongest = 0
  for (const scores of labelScores(column, label.values)) {
    const prepared = prepareRows({ task, labels: label.values, scores })
    // Broken labels are reported where they are measured.
    if (prepared.status === 'error') return undefined
    const { n, nPositive } = prepared.rows
    if (n < minimumRows) return undefined
    if (task === 'binary' && Math.min(nPositive, n - nPositive) < minimumPerClass) return undefined
    const value = metric.value(prepared.rows, defaultMetricOptions)
    if (typeof value === 'number') strongest = Math.max(strongest, value)
  }
  if (strongest <= 0.95) return undefined
  const strength = `${task === 'binary' ? 'ROC AUC' : 'R²'} ${strongest.toFixed(4)}`
  return {
    feature,
    by: 'value',
    severity: strongest > 0.99 ? 'error' : 'warning',
    reason: `feature ${feature} alone predicts the label with ${strength}`,
  }
}

/** `isLate_v2` → is, late, v, 2 */
function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}

function containsRun(words: readonly string[], run: readonly string[]): boolean {
  return words.some((_, start) => run.every((word, offset) => words[start + offset] === word))
}
