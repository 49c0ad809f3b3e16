import { fail } from '#contract/errors'
import type { GraphOutput, OutputColumn, SignatureOutput } from '#lifecycle/serving/model-runtime-point'
import { isTexts, type Values } from './node-batch.ts'

/** What a rule makes of the outputs of several nodes. */
export interface Combined {
  readonly outputs: readonly SignatureOutput[]
  combine(sources: readonly Values[], rows: number): OutputColumn[]
}

type Reduce = (values: readonly number[], weights: readonly number[]) => number

const reductions: Readonly<Record<'mean' | 'weighted' | 'min' | 'max', Reduce>> = {
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  weighted: (values, weights) => {
    let sum = 0
    let total = 0
    for (let i = 0; i < values.length; i++) {
      sum += (values[i] as number) * (weights[i] as number)
      total += weights[i] as number
    }
    return sum / total
  },
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
}

/**
 * Prepares a rule for outputs of these kinds. Chances give a chance and the label that goes with it, at one half; anything
 * else keeps its name when all have the same, and is called `prediction` otherwise.
 */
export function combination(
  { combine, weights = [], name }: GraphOutput,
  fields: readonly SignatureOutput[],
): Combined {
  const [first] = fields
  if (first === undefined) return fail('invalid_input', 'The output of the graph names nothing.')
  if (combine === 'copy') {
    return {
      outputs: [{ ...first, name: name ?? first.name }],
      combine: ([values]) => [values as OutputColumn],
    }
  }
  if (combine === 'vote') return vote(first, name)
  const text = fields.find(({ type }) => type === 'string' || type === 'datetime')
  if (text !== undefined) {
    fail('invalid_input', `"${text.name}" is a ${text.type}, which has no ${combine}.`, {
      hint: 'Use `combine: vote` for labels.',
    })
  }
  const reduce = reductions[combine]
  const numbers = (sources: readonly Values[], rows: number): OutputColumn => {
    const width = sources[0]?.width ?? 1
    if (sources.some((source) => source.width !== width))
      fail('invalid_input', 'The outputs that are combined have different numbers of values a row.')
    const values = new Float64Array(rows * width)
    const row: number[] = Array.from({ length: sources.length }, () => 0)
    for (let i = 0; i < values.length; i++) {
      for (let source = 0; source < sources.length; source++)
        row[source] = Number((sources[source] as Values).values[i])
      values[i] = reduce(row, weights)
    }
    return { width, values }
  }
  if (fields.every((field) => field.name === 'probability')) {
    return {
      outputs: [
        { name: name ?? 'probability', type: 'double' },
        { name: 'label', type: 'long' },
      ],
      combine: (sources, rows) => {
        const chances = numbers(sources, rows)
        const labels = Float64Array.from(chances.values as Float64Array, (chance) => (chance >= 0.5 ? 1 : 0))
        return [chances, { width: 1, values: labels }]
      },
    }
  }
  const common = fields.every((field) => field.name === first.name) ? first.name : 'prediction'
  const { shape } = first
  const output = { name: name ?? common, type: 'double' as const, ...(shape === undefined ? {} : { shape }) }
  return { outputs: [output], combine: (sources, rows) => [numbers(sources, rows)] }
}

/** What most nodes say; of several that as many say, the one that an earlier node says. And the share that said it. */
function vote(first: SignatureOutput, name: string | undefined): Combined {
  return {
    outputs: [
      { name: name ?? 'label', type: first.type },
      { name: 'share', type: 'double' },
    ],
    combine: (sources, rows) => {
      const shares = new Float64Array(rows)
      const winners = Array.from({ length: rows }, (_, row) => {
        const counts = new Map<string | number, number>()
        for (const { values } of sources) {
          const value = isTexts(values) ? (values[row] as string) : Number(values[row])
          counts.set(value, (counts.get(value) ?? 0) + 1)
        }
        let [winner, most] = [undefined as string | number | undefined, 0]
        for (const [value, count] of counts) if (count > most) [winner, most] = [value, count]
        shares[row] = most / sources.length
        return winner ?? ''
      })
      const values = first.type === 'string' ? winners.map(String) : Float64Array.from(winners, Number)
      return [
        { width: 1, values },
        { width: 1, values: shares },
      ]
    },
  }
}
