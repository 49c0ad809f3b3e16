import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { fail } from '#contract/errors'
import type { RowBatch } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/tracking/index'
import { openTables, quoteText, type Column, type Frame } from '#platform/tables/index'

/** Rows that the trainer has scored: inputs by name, and what it gave. */
export async function readExpectedScores(path: string, signature: ModelSignature): Promise<Frame> {
  const texts = signature.inputs.filter(({ type }) => type === 'string').map(({ name }) => name)
  const temporaryDirectory = await mkdtemp(join(tmpdir(), 'devmlops-import-'))
  const tables = await openTables({ allowedDirectories: [], allowedPaths: [path], temporaryDirectory })
  try {
    const isParquet = extname(path).toLowerCase() === '.parquet'
    // Text that looks like numbers, such as postal codes, is still text.
    const forced =
      texts.length === 0
        ? ''
        : `, types = {${texts.map((name) => `${quoteText(name)}: 'VARCHAR'`).join(', ')}}`
    const read = (types: string): string =>
      isParquet
        ? `read_parquet(${quoteText(path)})`
        : `read_csv(${quoteText(path)}, header = true, nullstr = ''${types})`
    const present = await tables.columns(`SELECT * FROM ${read('')}`)
    const known = new Set(present.map(({ name }) => name))
    const missing = texts.filter((name) => !known.has(name))
    if (missing.length > 0) lacking(path, missing)
    return await tables.frame(`SELECT * FROM ${read(forced)}`)
  } finally {
    tables.close()
    await rm(temporaryDirectory, { recursive: true, force: true })
  }
}

function lacking(path: string, names: readonly string[]): never {
  return fail(
    'invalid_input',
    `${basename(path)} has no column ${names.map((name) => `"${name}"`).join(', ')}.`,
    {
      hint: 'It needs a column for each input, and one for each output that is compared.',
      at: 'scores',
    },
  )
}

/** Columns of a field: its own name, or `name_0`, `name_1`, … for one that has several values. */
export function columnsOf({
  name,
  shape,
}: {
  readonly name: string
  readonly shape?: readonly number[] | undefined
}): readonly string[] {
  const width = (shape ?? []).reduce((product, size) => product * size, 1)
  return shape === undefined ? [name] : Array.from({ length: width }, (_, i) => `${name}_${i}`)
}

/** Rows `start` to `end` of a table as a model takes them. */
export function batchOf(
  frame: Frame,
  signature: ModelSignature,
  { start, end, path }: { readonly start: number; readonly end: number; readonly path: string },
): RowBatch {
  const rows = end - start
  const numeric = signature.inputs.filter(({ type }) => type !== 'string')
  const widths = numeric.map((input) => columnsOf(input).length)
  const numbers: number[] = []
  for (const input of numeric) {
    const columns = columnsOf(input).map((name) => columnOf(frame, name, path))
    for (let row = start; row < end; row++)
      for (const column of columns) numbers.push(numberAt(column, row, input.name))
  }
  const texts = signature.inputs
    .filter(({ type }) => type === 'string')
    .map((input) => {
      const columns = columnsOf(input).map((name) => columnOf(frame, name, path))
      const values: string[] = []
      for (let row = start; row < end; row++) for (const column of columns) values.push(textAt(column, row))
      return values
    })
  const isFlat = widths.every((width) => width === 1)
  return { rows, numbers: Float64Array.from(numbers), texts, ...(isFlat ? {} : { widths }) }
}

function columnOf(frame: Frame, name: string, path: string): Column {
  return frame.columns[name] ?? lacking(path, [name])
}

function numberAt(column: Column, row: number, name: string): number {
  if (column.kind === 'number') return column.values[row] as number
  return fail('invalid_input', `The model takes numbers in "${name}", and the file has text.`, { at: name })
}

export function textAt(column: Column, row: number): string {
  if (column.kind === 'number') return String(column.values[row])
  const code = column.codes[row] as number
  return code === -1 ? '' : (column.levels[code] as string)
}
