import type { Column, Frame } from '#platform/tables/index'
import type { ModelScorer, ScorableModel } from './scorer-point.ts'

type Input = ScorableModel['inputs'][number]

/** Where in the spread of each column the example rows stand. */
const quantiles = [0.1, 0.5, 0.9] as const

/**
 * Rows that whoever loads the model scores before it gets traffic, and what it gave for them here. They are no rows of
 * anybody: each has the same quantile of every column of numbers, and no texts.
 *
 * @param output what the score is called
 */
export async function exampleFile(
  model: ScorableModel,
  frame: Frame,
  { scorer, output }: { readonly scorer: ModelScorer; readonly output: string },
): Promise<string> {
  const columns = model.inputs.map(
    (input) => [input, exampleColumn(input, frame.columns[input.name])] as const,
  )
  const examples: Frame = {
    rows: quantiles.length,
    columns: Object.fromEntries(columns.map(([{ name }, column]) => [name, column])),
  }
  const scores = await scorer.score(model, examples)
  const rows = quantiles.map((_, row) =>
    Object.fromEntries(columns.map(([input, column]) => [input.name, cellOf(input, column, row)])),
  )
  return JSON.stringify({ rows, outputs: Array.from(scores, (score) => ({ [output]: score })) })
}

function exampleColumn({ type }: Input, column: Column | undefined): Column {
  if (type === 'string') {
    return { kind: 'category', codes: new Int32Array(quantiles.length).fill(-1), levels: [] }
  }
  const present =
    column?.kind === 'number' ? column.values.filter(Number.isFinite).sort() : new Float64Array(0)
  const isWhole = type !== 'float' && type !== 'double'
  const values = Float64Array.from(quantiles, (quantile) => {
    const value = present[Math.floor(quantile * (present.length - 1))] ?? Number.NaN
    return isWhole ? Math.round(value) : value
  })
  return { kind: 'number', values }
}

/** As a request would say it. */
function cellOf({ type }: Input, column: Column, row: number): string | number | boolean | null {
  if (column.kind !== 'number') return ''
  const value = column.values[row] as number
  if (Number.isNaN(value)) return null
  return type === 'boolean' ? value === 1 : value
}
