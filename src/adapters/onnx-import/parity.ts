import { fail } from '#contract/errors'
import type { LoadedModel, OutputColumn, SignatureOutput } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/tracking/index'
import type { Column, Frame } from '#platform/tables/index'
import { batchOf, columnsOf, textAt } from './expected-scores.ts'

/** How the scores of the imported graph compare with those of its trainer. */
export interface ParityReport {
  readonly rows: number
  /** Relative to scores beyond one. */
  readonly tolerance: number
  readonly passed: boolean
  readonly outputs: readonly OutputParity[]
}

export interface OutputParity {
  readonly output: string
  readonly column: string
  /** Of scores; null for labels. */
  readonly largestDifference: number | null
  readonly meanDifference: number | null
  /** Rows beyond the tolerance; of labels, rows that differ. */
  readonly rowsBeyond: number
  /** Rows whose decision is another one: labels that differ, chances on the other side of 0.5. */
  readonly rowsFlipped: number
  readonly worstRows: readonly {
    readonly row: number
    readonly expected: number | string
    readonly got: number | string
  }[]
}

export interface ParityInput {
  readonly model: Pick<LoadedModel, 'score' | 'outputs'>
  readonly signature: ModelSignature
  readonly frame: Frame
  /** Names that outputs had before they got ours. */
  readonly before: ReadonlyMap<string, string>
  readonly classes: readonly (string | number)[]
  readonly tolerance: number
  readonly path: string
}

const rowsPerBatch = 4096
const worstShown = 5

interface Compared {
  readonly output: number
  readonly value: number
  readonly name: string
  readonly column: string
  readonly expected: Column
  readonly decision: 'chance' | 'label' | 'number'
  largest: number
  total: number
  beyond: number
  flipped: number
  worst: { row: number; expected: number | string; got: number | string; difference: number }[]
}

export async function checkParity(input: ParityInput): Promise<ParityReport> {
  const { model, signature, frame, tolerance, path } = input
  const compared = comparisons(input)
  if (compared.length === 0) {
    fail('invalid_input', 'The scores have no column for any output of the model.', {
      hint: `Name one as an output: ${model.outputs.flatMap((output) => columnsOf(output)).join(', ')}.`,
      at: 'scores',
    })
  }
  if (frame.rows === 0) fail('invalid_input', 'The scores have no rows.', { at: 'scores' })
  for (let start = 0; start < frame.rows; start += rowsPerBatch) {
    const end = Math.min(frame.rows, start + rowsPerBatch)
    const { outputs } = await model.score(batchOf(frame, signature, { start, end, path }))
    for (const one of compared) compare(one, outputs[one.output] as OutputColumn, { start, end, tolerance })
  }
  const outputs = compared.map((one) => summary(one, frame.rows))
  return { rows: frame.rows, tolerance, passed: outputs.every(({ rowsBeyond }) => rowsBeyond === 0), outputs }
}

function comparisons({ model, frame, before, classes }: ParityInput): Compared[] {
  return model.outputs.flatMap((output, index) => {
    const names = [output.name, before.get(output.name) ?? output.name]
    const own = columnsOf(output)
    return own.flatMap((_, value): Compared[] => {
      const candidates = names.flatMap((name) => candidateColumns({ ...output, name }, value, classes))
      const column = candidates.find((name) => frame.columns[name] !== undefined)
      const expected = column === undefined ? undefined : frame.columns[column]
      if (column === undefined || expected === undefined) return []
      const found = { output: index, value, name: own[value] as string, column, expected }
      return [
        {
          ...found,
          decision: decisionOf(output, classes),
          largest: 0,
          total: 0,
          beyond: 0,
          flipped: 0,
          worst: [],
        },
      ]
    })
  })
}

function decisionOf(
  { name, type }: SignatureOutput,
  classes: readonly (string | number)[],
): Compared['decision'] {
  if (type !== 'float' && type !== 'double') return 'label'
  return name === 'probability' || classes.length > 0 ? 'chance' : 'number'
}

function candidateColumns(
  output: SignatureOutput,
  value: number,
  classes: readonly (string | number)[],
): string[] {
  if (output.shape === undefined) return [output.name]
  const byClass = classes[value]
  return [`${output.name}_${value}`, ...(byClass === undefined ? [] : [`${output.name}_${byClass}`])]
}

function compare(
  one: Compared,
  { width, values }: OutputColumn,
  { start, end, tolerance }: { start: number; end: number; tolerance: number },
): void {
  for (let row = start; row < end; row++) {
    const got = values[(row - start) * width + one.value] as number | bigint | string
    if (one.expected.kind === 'category' || typeof got === 'string') {
      const wanted = textAt(one.expected, row)
      if (wanted !== String(got))
        differ(one, { row, expected: wanted, got: String(got), difference: 1 }, true)
      continue
    }
    const wanted = one.expected.values[row] as number
    const found = Number(got)
    const difference = Number.isNaN(wanted) && Number.isNaN(found) ? 0 : Math.abs(found - wanted)
    if (!Number.isNaN(difference)) {
      one.largest = Math.max(one.largest, difference)
      one.total += difference
    }
    const isBeyond = !(difference <= tolerance * Math.max(1, Math.abs(wanted)))
    const isFlip =
      one.decision === 'chance' ? found >= 0.5 !== wanted >= 0.5 : one.decision === 'label' && isBeyond
    if (isBeyond || isFlip) differ(one, { row, expected: wanted, got: found, difference }, isFlip, isBeyond)
  }
}

function differ(one: Compared, found: Compared['worst'][number], isFlip: boolean, isBeyond = true): void {
  if (isBeyond) one.beyond++
  if (isFlip) one.flipped++
  one.worst.push(found)
  one.worst.sort((left, right) => right.difference - left.difference)
  one.worst.length = Math.min(one.worst.length, worstShown)
}

function summary(one: Compared, rows: number): OutputParity {
  const isText = one.expected.kind === 'category'
  return {
    output: one.name,
    column: one.column,
    largestDifference: isText ? null : one.largest,
    meanDifference: isText ? null : one.total / rows,
    rowsBeyond: one.beyond,
    rowsFlipped: one.flipped,
    worstRows: one.worst.map(({ row, expected, got }) => ({ row, expected, got })),
  }
}
