import { z } from 'zod'
import { intervalSchema, type MetricName, metricNameSchema } from './contract.ts'
import { metrics } from './measure.ts'

export const referenceNameSchema = z.enum(['champion', 'baseline'])
export type ReferenceName = z.infer<typeof referenceNameSchema>

const rules = [
  'at_least',
  'at_most',
  'within',
  'no_worse_than',
  'better_than',
  'worst_slice_at_least',
  'worst_slice_at_most',
] as const

/**
 * An entry of `models.<name>.gates`: a metric and one rule. Floors judge the value unless `judge: interval`
 * asks that the whole 95 % interval holds; comparisons judge the interval of the paired difference unless
 * `judge: point` is content with the difference.
 */
export const gateSchema = z
  .strictObject({
    metric: metricNameSchema.describe('What is judged'),
    at_least: z.number().optional().describe('Passes at this value or above'),
    at_most: z.number().optional().describe('Passes at this value or below'),
    within: z.number().positive().optional().describe('Passes no further from zero than this'),
    no_worse_than: referenceNameSchema
      .optional()
      .describe('Passes when it is certainly not worse than this model by more than `by`, on the same rows'),
    better_than: referenceNameSchema
      .optional()
      .describe('Passes when it is certainly better than this model by more than `by`, on the same rows'),
    by: z.number().nonnegative().optional().describe('The margin of a comparison, in units of the metric'),
    worst_slice_at_least: z.number().optional().describe('Passes when every slice is at this value or above'),
    worst_slice_at_most: z.number().optional().describe('Passes when every slice is at this value or below'),
    slices: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Slice names or columns that a worst-slice gate looks at; all of them if left out'),
    judge: z
      .enum(['point', 'interval'])
      .optional()
      .describe('Whether the value is enough or the whole 95 % interval must hold'),
    bootstrap: z
      .boolean()
      .optional()
      .describe('Find the interval of a comparison by resampling rows instead of the closed form'),
  })
  .superRefine((gate, context) => {
    for (const message of mistakesOf(gate)) context.addIssue({ code: 'custom', message })
  })
export type Gate = z.output<typeof gateSchema>

export const gateResultSchema = z.strictObject({
  /** The gate in words, such as `roc_auc at least 0.65`. */
  gate: z.string(),
  rule: gateSchema,
  outcome: z.enum(['passed', 'failed', 'skipped']),
  /** The value or the paired difference; null when it could not be computed. */
  observed: z.strictObject({ value: z.number(), interval: intervalSchema }).nullable(),
  required: z.strictObject({
    bound: z.number(),
    side: z.enum(['at_least', 'more_than', 'at_most', 'less_than', 'within']),
  }),
  /** One sentence for people. */
  reason: z.string(),
})
export type GateResult = z.infer<typeof gateResultSchema>

/** A gate's rule in a form that code can switch over. */
export type GateRule =
  | { readonly kind: 'floor'; readonly side: 'at_least' | 'at_most' | 'within'; readonly bound: number }
  | { readonly kind: 'worst_slice'; readonly side: 'at_least' | 'at_most'; readonly bound: number }
  | { readonly kind: 'no_worse_than' | 'better_than'; readonly reference: ReferenceName; readonly by: number }

export function ruleOf(gate: Gate): GateRule {
  if (gate.at_least !== undefined) return { kind: 'floor', side: 'at_least', bound: gate.at_least }
  if (gate.at_most !== undefined) return { kind: 'floor', side: 'at_most', bound: gate.at_most }
  if (gate.within !== undefined) return { kind: 'floor', side: 'within', bound: gate.within }
  if (gate.worst_slice_at_least !== undefined) {
    return { kind: 'worst_slice', side: 'at_least', bound: gate.worst_slice_at_least }
  }
  if (gate.worst_slice_at_most !== undefined) {
    return { kind: 'worst_slice', side: 'at_most', bound: gate.worst_slice_at_most }
  }
  const kind = gate.no_worse_than === undefined ? 'better_than' : 'no_worse_than'
  // The schema admits no gate without a rule, so one of the two is set.
  return { kind, reference: gate.no_worse_than ?? gate.better_than ?? 'champion', by: gate.by ?? 0 }
}

/** `roc_auc at least 0.55 in the worst slice` */
export function describeGate(gate: Gate): string {
  const rule = ruleOf(gate)
  if (rule.kind === 'floor') return `${gate.metric} ${sideWords[rule.side]} ${rule.bound}`
  if (rule.kind === 'worst_slice')
    return `${gate.metric} ${sideWords[rule.side]} ${rule.bound} in the worst slice`
  const margin = rule.by === 0 ? '' : ` by more than ${rule.by}`
  return `${gate.metric} ${rule.kind === 'better_than' ? 'better' : 'no worse'} than the ${rule.reference}${margin}`
}

export const sideWords = {
  at_least: 'at least',
  more_than: 'more than',
  less_than: 'less than',
  at_most: 'at most',
  within: 'within ±',
} as const

type Written = { readonly metric: MetricName } & {
  readonly [Field in (typeof rules)[number] | 'by' | 'slices' | 'judge' | 'bootstrap']?: unknown
}

function mistakesOf(gate: Written): readonly string[] {
  const given = rules.filter((rule) => gate[rule] !== undefined)
  if (given.length !== 1) return [`expected exactly one of ${rules.join(', ')}`]
  const rule = given[0] as (typeof rules)[number]
  const isComparison = rule === 'no_worse_than' || rule === 'better_than'
  const mistakes = directionMistakes(gate.metric, rule)
  if (rule === 'no_worse_than' && gate.by === undefined) {
    mistakes.push('no_worse_than needs `by`: how much worse is still acceptable, such as `by: 0.005`')
  }
  if (!isComparison && gate.by !== undefined) mistakes.push('`by` belongs to no_worse_than and better_than')
  if (!isComparison && gate.bootstrap !== undefined) {
    mistakes.push('`bootstrap` belongs to no_worse_than and better_than')
  }
  if (!rule.startsWith('worst_slice') && gate.slices !== undefined) {
    mistakes.push('`slices` belongs to worst_slice_at_least and worst_slice_at_most')
  }
  return mistakes
}

/** A floor under a loss, or a ceiling over an accuracy, is always a slip. */
function directionMistakes(name: MetricName, rule: (typeof rules)[number]): string[] {
  const { higherIsBetter } = metrics[name]
  const isSigned = name === 'calibration_gap' || name === 'mean_error'
  if (rule === 'within')
    return isSigned ? [] : [`within is for calibration_gap and mean_error, which are best at zero`]
  if (higherIsBetter === null) {
    return rule === 'at_least' || rule === 'at_most'
      ? []
      : [`${name} has no better side, so ${rule} cannot judge it`]
  }
  if (rule.endsWith('at_most') && higherIsBetter) {
    return [`${name} is better when higher: write ${rule.replace('at_most', 'at_least')}`]
  }
  if (rule.endsWith('at_least') && !higherIsBetter) {
    return [`${name} is better when lower: write ${rule.replace('at_least', 'at_most')}`]
  }
  return []
}
