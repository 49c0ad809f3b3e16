import { quoteName, requireRow, type Tables } from '#platform/tables/index'
import type { TypeMismatch } from '../sources/arriving-file.ts'
import { guessableTypes, readableAs, type ColumnType, type DeclaredType } from './column-type.ts'
import type { TextColumn } from './load-text.ts'

/** What the values of a file turned out to be. */
export interface TextSurvey {
  readonly rows: number
  readonly types: ReadonlyMap<string, ColumnType>
  readonly mismatches: ReadonlyMap<string, TypeMismatch>
}

interface SurveyOptions {
  readonly table: string
  readonly file: string
  readonly expected: ReadonlyMap<string, ColumnType>
}

/** Types that do not even fit the first rows need not be tried on all of them. */
const firstRows = 200

/** Finds the type of each column from all of its values. */
export async function surveyText(
  tables: Tables,
  columns: readonly TextColumn[],
  { table, file, expected }: SurveyOptions,
): Promise<TextSurvey> {
  const wanted = new Map(columns.flatMap(({ name }) => expectedTest(name, expected.get(name))))
  const free = columns.filter(({ name }) => !wanted.has(name))
  const head = `(SELECT * FROM ${table} LIMIT ${firstRows})`
  const likely = fittingTests(
    await countFits(tables, head, free, free.flatMap(guesses)),
    free.flatMap(guesses),
  )
  const counted = await countFits(tables, table, columns, [...wanted.values(), ...likely])
  const types = new Map<string, ColumnType>()
  const missed: TextColumn[] = []
  for (const column of columns) {
    const test = wanted.get(column.name)
    if (column.detected === 'other') types.set(column.name, 'other')
    else if (test === undefined) types.set(column.name, typeFound(column, counted, likely))
    else if (fits(counted, test)) types.set(column.name, test.type)
    if (test !== undefined && (column.detected === 'other' || !fits(counted, test))) missed.push(column)
  }
  const mismatches = new Map<string, TypeMismatch>()
  const again = missed.flatMap(guesses)
  const found = missed.length === 0 ? counted : await countFits(tables, table, missed, again)
  for (const column of missed) {
    const test = wanted.get(column.name) as Test
    const type = types.get(column.name) ?? typeFound(column, found, again)
    types.set(column.name, type)
    mismatches.set(column.name, {
      file,
      column: column.name,
      expected: test.type,
      found: type,
      unexpected: (counted.values.get(column.name) ?? 0) - (counted.fitting.get(test.key) ?? 0),
      samples: await samplesOf(tables, table, test),
    })
  }
  return { rows: counted.rows, types, mismatches }
}

interface Test {
  readonly column: string
  readonly type: DeclaredType
  readonly key: string
  /** On the quoted name of the column. */
  readonly condition: string
}

function expectedTest(name: string, type: ColumnType | undefined): [string, Test][] {
  if (type === undefined || type === 'other' || type === 'unknown') return []
  return [
    [name, { column: name, type, key: `${name} expected`, condition: readableAs(type, quoteName(name)) }],
  ]
}

function guesses({ name, detected }: TextColumn): Test[] {
  return guessableTypes(quoteName(name))
    .filter(({ type }) => detected !== 'text' || type === 'date' || type === 'timestamp')
    .map(({ type, condition }) => ({ column: name, type, key: `${name} ${type}`, condition }))
}

interface Counted {
  readonly rows: number
  readonly values: ReadonlyMap<string, number>
  /** Values that pass a test, by its key. */
  readonly fitting: ReadonlyMap<string, number>
}

async function countFits(
  tables: Tables,
  relation: string,
  columns: readonly TextColumn[],
  tests: readonly Test[],
): Promise<Counted> {
  const aggregates = [
    'count(*) AS rows',
    ...columns.map(({ name }, index) => `count(${quoteName(name)}) AS v${index}`),
    ...tests.map(({ column, condition }, index) => {
      return `count(*) FILTER (WHERE ${quoteName(column)} IS NOT NULL AND ${condition}) AS t${index}`
    }),
  ]
  const row = requireRow(await tables.rows(`SELECT ${aggregates.join(', ')} FROM ${relation}`))
  return {
    rows: Number(row['rows']),
    values: new Map(columns.map(({ name }, index) => [name, Number(row[`v${index}`])])),
    fitting: new Map(tests.map(({ key }, index) => [key, Number(row[`t${index}`])])),
  }
}

function fits({ values, fitting }: Counted, { column, key }: Test): boolean {
  return fitting.get(key) === values.get(column)
}

function fittingTests(counted: Counted, tests: readonly Test[]): Test[] {
  return tests.filter((test) => fits(counted, test))
}

/** The narrowest type that fits all values; none of them tells where there is no value. */
function typeFound({ name }: TextColumn, counted: Counted, tests: readonly Test[]): ColumnType {
  if (counted.values.get(name) === 0) return 'unknown'
  return tests.find((test) => test.column === name && fits(counted, test))?.type ?? 'text'
}

async function samplesOf(
  tables: Tables,
  table: string,
  { column, condition }: Test,
): Promise<TypeMismatch['samples']> {
  const name = quoteName(column)
  const numbered = `SELECT row_number() OVER () AS "row#", ${name} FROM ${table}`
  const rows = await tables.rows(
    `SELECT "row#", ${name} FROM (${numbered}) WHERE ${name} IS NOT NULL AND NOT (${condition}) LIMIT 5`,
  )
  return rows.map((row) => ({ row: Number(row['row#']), value: row[column] as string }))
}
