import { DevmlopsError, fail } from '#contract/errors'
import { quoteName, quoteText, type Tables } from '#platform/tables/index'
import type { ArrivingFile } from '../sources/arriving-file.ts'
import { columnTypeOf, sqlTypeOf, type Column, type ColumnType } from './column-type.ts'
import { readCsvHeader } from './csv-header.ts'
import { hasMixedLineEnds } from '../sources/inspect-file.ts'
import { compressionOf, readingCall } from './relation.ts'
import type { Reading } from '../versions/snapshot.ts'

const closingBracket = 0x5d

export interface TextColumn {
  readonly name: string
  /** What the format itself says of the values: JSON tells text from numbers, CSV tells nothing. */
  readonly detected: ColumnType | undefined
}

export interface LoadedText {
  readonly reading: Reading
  readonly columns: readonly TextColumn[]
  readonly warnings: readonly string[]
}

/** Reads a text file into a temporary table with every value as the text that stands in the file. */
export async function loadText(
  tables: Tables,
  file: ArrivingFile,
  { table, nulls }: { table: string; nulls: readonly string[] },
): Promise<LoadedText> {
  const { path, name, format, compressed } = file
  const create = (reading: Reading): Promise<void> =>
    tables.run(`CREATE OR REPLACE TEMP TABLE ${table} AS SELECT * FROM ${readingCall(reading, [path], [])}`)

  if (format === 'json' || format === 'ndjson') {
    if (format === 'json') requireClosedArray(file)
    const layout = format === 'json' ? 'array' : 'newline_delimited'
    const columns = await jsonColumns(tables, { path, layout, compressed })
    const reading = { format: 'json', layout, compressed, columns: columns.map(({ name }) => name) } as const
    await create(reading)
    return { reading, columns, warnings: [] }
  }
  const header = await readCsvHeader(path, {
    name,
    compressed,
    delimiter: format === 'tsv' ? '\t' : undefined,
  })
  const { delimiter } = header
  const strict: Reading = {
    format: 'csv',
    delimiter,
    nulls: [...nulls],
    strict: true,
    compressed,
    columns: [...header.columns],
  }
  const columns = header.columns.map((column) => ({ name: column, detected: undefined }))
  try {
    await create(strict)
    return { reading: strict, columns, warnings: [] }
  } catch (error) {
    if (!(error instanceof DevmlopsError) || !hasMixedLineEnds(file.facts)) throw error
    const lenient: Reading = { ...strict, strict: false }
    await create(lenient)
    return { reading: lenient, columns, warnings: [mixedLineEnds(file)] }
  }
}

/** DuckDB takes an array that was cut off after a whole element for a whole one. */
function requireClosedArray({ facts, name }: ArrivingFile): void {
  if (facts.text?.lastByte === closingBracket) return
  fail(
    'unreadable_data',
    `${name}: the JSON is malformed: the array is not closed; a JSON array of objects is expected.`,
    {
      hint: 'The file is only half written, or has one object a line: then call it .ndjson, or set `format: ndjson`.',
      at: name,
    },
  )
}

function mixedLineEnds({ name, facts }: ArrivingFile): string {
  const { carriageReturnLineFeeds = 0, lineFeeds = 0 } = facts.text ?? {}
  return `${name} mixes line ends (${carriageReturnLineFeeds} lines end in CRLF, ${lineFeeds} in LF); all its rows were read.`
}

async function jsonColumns(
  tables: Tables,
  { path, layout, compressed }: { path: string; layout: string; compressed: boolean },
): Promise<TextColumn[]> {
  const compression = compressionOf({ format: 'json', compressed })
  const options = `format = ${quoteText(layout)}, compression = ${compression}, sample_size = -1`
  const described = await tables.columns(`SELECT * FROM read_json(${quoteText(path)}, ${options})`)
  return described.map(({ name, type }) => ({
    name,
    detected: type === 'JSON' ? undefined : columnTypeOf(type),
  }))
}

/** The rows of a text table in the types of the whole arrival. */
export function castText(table: string, own: readonly Column[], columns: readonly Column[]): string {
  const types = new Map(columns.map(({ name, sqlType }) => [name, sqlType]))
  const list = own.map(({ name }) => {
    const type = types.get(name) ?? sqlTypeOf('text')
    return `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`
  })
  return `SELECT ${list.join(', ')} FROM ${table}`
}
