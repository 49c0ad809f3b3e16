import { fail } from '#contract/errors'
import type {
  GraphSource,
  OutputColumn,
  RowBatch,
  ScoredRows,
  SignatureOutput,
} from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/serving/plan'

type Field = ModelSignature['inputs'][number]

/** Values of a field or an output: numbers or texts, `width` a row. */
export interface Values {
  readonly width: number
  readonly values: OutputColumn['values']
  readonly longs?: BigInt64Array | undefined
}

/** Where the fields of a batch are. */
export interface FieldPlaces {
  read(batch: RowBatch, name: string): Values
}

export function fieldPlaces({ inputs }: Pick<ModelSignature, 'inputs'>): FieldPlaces {
  const places = new Map<
    string,
    { readonly isText: boolean; readonly at: number; readonly start: number; readonly width: number }
  >()
  let texts = 0
  let numbers = 0
  let start = 0
  for (const field of inputs) {
    const width = widthOf(field)
    const isText = field.type === 'string'
    places.set(field.name, { isText, at: isText ? texts++ : numbers++, start, width })
    if (!isText) start += width
  }
  return {
    read: (batch, name) => {
      const place =
        places.get(name) ?? fail('internal', `The graph reads "${name}", which it does not ask for.`)
      const { isText, at, start: first, width } = place
      if (isText) return { width, values: batch.texts[at] ?? [] }
      const values = batch.numbers.subarray(first * batch.rows, (first + width) * batch.rows)
      const longs = batch.longs?.get(at)
      return longs === undefined ? { width, values } : { width, values, longs }
    },
  }
}

export function widthOf({ shape = [] }: Pick<Field, 'shape'>): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** The batch that a node takes. Fails with `invalid_input` for values that do not fit the field. */
export function nodeBatch(
  { inputs }: Pick<ModelSignature, 'inputs'>,
  rows: number,
  valuesOf: (field: string) => Values,
): RowBatch {
  const numeric = inputs.filter(({ type }) => type !== 'string')
  const widths = numeric.map(widthOf)
  const total = widths.reduce((sum, width) => sum + width, 0)
  const numbers = new Float64Array(rows * total)
  const longs = new Map<number, BigInt64Array>()
  const texts: (readonly string[])[] = []
  let start = 0
  let at = 0
  for (const field of inputs) {
    const given = valuesOf(field.name)
    const width = widthOf(field)
    if (given.width !== width) {
      fail('invalid_input', `"${field.name}" takes ${width} values a row, and is given ${given.width}.`)
    }
    if (field.type === 'string') {
      texts.push(textsOf(given.values))
      continue
    }
    const { values } = given
    for (let i = 0; i < rows * width; i++) numbers[start + i] = numberOf(values[i], field)
    if (values instanceof BigInt64Array) longs.set(at, values.slice())
    else if (given.longs !== undefined) longs.set(at, given.longs)
    start += rows * width
    at++
  }
  return {
    rows,
    numbers,
    texts,
    ...(widths.some((width) => width !== 1) ? { widths } : {}),
    ...(longs.size === 0 ? {} : { longs }),
  }
}

function textsOf(values: OutputColumn['values']): readonly string[] {
  return isTexts(values)
    ? values
    : Array.from<number | bigint, string>(values, (value) => (Number.isNaN(value) ? '' : String(value)))
}

function numberOf(value: string | number | bigint | undefined, field: Field): number {
  if (typeof value !== 'string') return Number(value)
  if (value === '') return Number.NaN
  const number = Number(value)
  return Number.isNaN(number)
    ? fail(
        'invalid_input',
        `"${field.name}" takes a number, and is given the text ${JSON.stringify(value.slice(0, 60))}.`,
      )
    : number
}

/** One output of a node, or one of its values. Fails with `invalid_input` when the node does not give it. */
export function outputOf(
  { node, output, index }: Extract<GraphSource, { node: string }>,
  outputs: readonly SignatureOutput[],
): { readonly field: SignatureOutput; readonly read: (scored: ScoredRows) => Values } {
  const place = output === undefined ? mainOutput(outputs) : outputs.findIndex(({ name }) => name === output)
  const field = outputs[place]
  if (field === undefined) {
    return fail(
      'invalid_input',
      `The node ${node} has no output "${output ?? ''}"; it gives ${outputs.map(({ name }) => name).join(', ')}.`,
      { at: `graph.nodes.${node}` },
    )
  }
  if (index === undefined) return { field, read: (scored) => scored.outputs[place] as OutputColumn }
  return {
    field: { name: field.name, type: field.type },
    read: (scored) => nth(scored.outputs[place] as OutputColumn, index, { rows: scored.rows, node }),
  }
}

/** The chance or the predicted number; what stands first otherwise. */
function mainOutput(outputs: readonly SignatureOutput[]): number {
  const place = outputs.findIndex(({ name }) => name === 'probability' || name === 'prediction')
  return place === -1 ? 0 : place
}

function nth(
  { width, values }: OutputColumn,
  index: number,
  { rows, node }: { readonly rows: number; readonly node: string },
): Values {
  if (index >= width)
    fail('invalid_input', `The node ${node} gives ${width} values a row; there is no [${index}].`)
  if (isTexts(values))
    return {
      width: 1,
      values: Array.from({ length: rows }, (_, row) => values[row * width + index] as string),
    }
  const picked = new Float64Array(rows)
  for (let row = 0; row < rows; row++) picked[row] = Number(values[row * width + index])
  return { width: 1, values: picked }
}

export function isTexts(values: OutputColumn['values']): values is readonly string[] {
  return Array.isArray(values)
}
