import { fail } from '#contract/errors'
import { quoteText, requireRow, type Tables } from '#platform/tables/index'
import type { ArrivingFile, TypeMismatch } from '../sources/arriving-file.ts'
import { columnTypeOf, sqlTypeOf, type Column, type ColumnType } from './column-type.ts'
import { requireReadableText } from '../sources/inspect-file.ts'
import { requireColumnCount } from './column-limit.ts'
import { requireOneKindOfDate } from './date-kinds.ts'
import { castText, loadText } from './load-text.ts'
import { explainReadFailure } from './read-failure.ts'
import { relationOf, type LocalPart } from './relation.ts'
import type { Reading } from '../versions/snapshot.ts'
import { surveyText, type TextSurvey } from './survey-text.ts'

export interface LoadedArrival {
  readonly columns: readonly Column[]
  readonly files: readonly { readonly file: ArrivingFile; readonly rows: number; readonly reading: Reading }[]
  readonly rows: number
  readonly mismatches: readonly TypeMismatch[]
  readonly warnings: readonly string[]
}

export interface LoadOptions {
  readonly nulls: readonly string[]
  /** Types to read columns as; the others are found from their values. */
  readonly expected: ReadonlyMap<string, ColumnType>
}

interface LoadedFile {
  readonly file: ArrivingFile
  readonly rows: number
  readonly reading: Reading
  readonly columns: readonly Column[]
  readonly warnings: readonly string[]
  /** The temporary table with all values as text; undefined for Parquet. */
  readonly raw: { readonly table: string; readonly survey: TextSurvey } | undefined
}

/**
 * Makes the rows of the files readable as the view `arrival`.
 * @throws unreadable_data for files that are not what they claim to be, or hold no row.
 */
export async function loadArrival(
  tables: Tables,
  files: readonly ArrivingFile[],
  options: LoadOptions,
): Promise<LoadedArrival> {
  const loaded: LoadedFile[] = []
  for (const [index, file] of files.entries())
    loaded.push(await loadFile(tables, file, { index, ...options }))
  const rows = loaded.reduce((sum, file) => sum + file.rows, 0)
  if (rows === 0) {
    const [first] = files
    fail('unreadable_data', `${first?.name ?? 'The arrival'} has no rows.`, {
      hint: 'A file with a header alone usually means that the query or export behind it failed.',
      at: first?.name ?? '',
    })
  }
  const { columns, mismatches } = combine(loaded, options.expected)
  await createView(tables, columns, loaded)
  return {
    columns,
    files: loaded.map(({ file, rows, reading }) => ({ file, rows, reading })),
    rows,
    mismatches,
    warnings: loaded.flatMap(({ file, warnings }) => [...(file.warnings ?? []), ...warnings]),
  }
}

interface LoadFileOptions extends LoadOptions {
  readonly index: number
}

async function loadFile(tables: Tables, file: ArrivingFile, options: LoadFileOptions): Promise<LoadedFile> {
  if (file.unreadable !== undefined) throw file.unreadable
  requireReadableText(file.facts, file.name)
  if (file.facts.sizeBytes === 0)
    fail('unreadable_data', `${file.name} is empty (0 bytes).`, {
      hint: 'It was made and never written. Ask its source for it again.',
      at: file.name,
    })
  try {
    if (file.format === 'parquet') return await loadParquet(tables, file)
    const table = `raw_${options.index}`
    const { reading, columns, warnings } = await loadText(tables, file, { table, nulls: options.nulls })
    requireColumnCount(columns.length, file.name)
    const survey = await surveyText(tables, columns, { table, file: file.name, expected: options.expected })
    await requireOneKindOfDate(tables, survey, { table, file: file.name, expected: options.expected })
    const found = columns.map(({ name }): Column => {
      const type = survey.types.get(name) ?? 'text'
      return { name, type, sqlType: type === 'other' ? 'JSON' : sqlTypeOf(type) }
    })
    return { file, rows: survey.rows, reading, columns: found, warnings, raw: { table, survey } }
  } catch (error) {
    throw explainReadFailure(error, file.name)
  }
}

async function loadParquet(tables: Tables, file: ArrivingFile): Promise<LoadedFile> {
  const path = quoteText(file.path)
  const described = await tables.columns(`SELECT * FROM read_parquet(${path})`)
  requireColumnCount(described.length, file.name)
  const { rows } = requireRow(
    await tables.rows(`SELECT num_rows AS rows FROM parquet_file_metadata(${path})`),
  )
  return {
    file,
    rows: Number(rows),
    reading: { format: 'parquet' },
    columns: described.map(({ name, type }) => ({ name, type: columnTypeOf(type), sqlType: type })),
    warnings: [],
    raw: undefined,
  }
}

/** The columns of all files together, in the types expected of them where their values allow it. */
function combine(
  loaded: readonly LoadedFile[],
  expected: ReadonlyMap<string, ColumnType>,
): { columns: Column[]; mismatches: TypeMismatch[] } {
  const columns = new Map<string, Column>()
  const mismatches: TypeMismatch[] = []
  for (const { file, columns: own, raw } of loaded) {
    for (const column of own) {
      const wanted = expected.get(column.name) ?? 'unknown'
      const mismatch = raw?.survey.mismatches.get(column.name)
      const fits = isAssignable(column.type, wanted)
      if (mismatch !== undefined) mismatches.push(mismatch)
      else if (!fits) mismatches.push(declaredOtherwise(file.name, column, wanted))
      const own = fits ? typed(column, wanted) : column
      const known = columns.get(column.name)
      const both = known === undefined ? own : widened(known, own)
      if (both === undefined && fits)
        mismatches.push(declaredOtherwise(file.name, column, known?.type ?? wanted))
      columns.set(column.name, both ?? { name: column.name, type: 'text', sqlType: 'VARCHAR' })
    }
  }
  return { columns: [...columns.values()], mismatches }
}

function typed(column: Column, type: ColumnType): Column {
  return type === column.type || type === 'other' || type === 'unknown'
    ? column
    : { name: column.name, type, sqlType: sqlTypeOf(type) }
}

/** The one of two types that holds the values of both without loss; undefined when neither does. */
function widened(left: Column, right: Column): Column | undefined {
  if (left.type === right.type || right.type === 'unknown') return left
  if (left.type === 'unknown') return right
  const pair = `${left.type} ${right.type}`
  if (pair === 'number integer' || pair === 'timestamp date') return left
  return pair === 'integer number' || pair === 'date timestamp' ? right : undefined
}

/** Whether values of a type can stand in a column of another without loss. */
export function isAssignable(found: ColumnType, expected: ColumnType): boolean {
  if (found === expected || found === 'unknown' || expected === 'unknown') return true
  return (found === 'integer' && expected === 'number') || (found === 'date' && expected === 'timestamp')
}

function declaredOtherwise(file: string, column: Column, expected: ColumnType): TypeMismatch {
  return {
    column: column.name,
    expected,
    found: column.type,
    unexpected: undefined,
    samples: [],
    file,
  }
}

async function createView(
  tables: Tables,
  columns: readonly Column[],
  loaded: readonly LoadedFile[],
): Promise<void> {
  const isText = loaded.some(({ raw }) => raw !== undefined)
  if (!isText) {
    const parts = loaded.map(({ file, reading }): LocalPart => ({ part: { reading }, path: file.path }))
    await tables.run(`CREATE OR REPLACE TEMP VIEW arrival AS SELECT * FROM ${relationOf(columns, parts)}`)
    return
  }
  // Parsed once and kept as a table, which spills to disk when it is large: text is read again for every query.
  const sources = loaded.map(({ raw, file, reading, columns: own }) =>
    raw === undefined
      ? `SELECT * FROM ${relationOf(own, [{ part: { reading }, path: file.path }])}`
      : castText(raw.table, own, columns),
  )
  await tables.run(`CREATE OR REPLACE TEMP TABLE arrival_rows AS ${sources.join(' UNION ALL BY NAME ')}`)
  await tables.run('CREATE OR REPLACE TEMP VIEW arrival AS SELECT * FROM arrival_rows')
  for (const { raw } of loaded) if (raw !== undefined) await tables.run(`DROP TABLE ${raw.table}`)
}
