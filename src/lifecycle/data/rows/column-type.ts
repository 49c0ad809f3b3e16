import { z } from 'zod'

/**
 * What a column holds, apart from how an engine spells it. `unknown`: a text file left it empty in every row, so that
 * the first file with a value decides. `other`: lists, structs, bytes; kept and handed on, not checked.
 */
export const columnTypeSchema = z.enum([
  'text',
  'integer',
  'number',
  'boolean',
  'date',
  'timestamp',
  'other',
  'unknown',
])
export type ColumnType = z.infer<typeof columnTypeSchema>

/** The types that a project may ask for. */
export const declaredTypeSchema = z.enum(['text', 'integer', 'number', 'boolean', 'date', 'timestamp'])
export type DeclaredType = z.infer<typeof declaredTypeSchema>

export const columnSchema = z.object({
  name: z.string(),
  type: columnTypeSchema,
  sqlType: z.string().describe('as DuckDB spells it'),
})
export type Column = Readonly<z.infer<typeof columnSchema>>

const sqlTypes: Readonly<Record<DeclaredType, string>> = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
}

/** How a column of a text file is kept. */
export function sqlTypeOf(type: ColumnType): string {
  return type === 'other' || type === 'unknown' ? 'VARCHAR' : sqlTypes[type]
}

export function columnTypeOf(sqlType: string): ColumnType {
  if (/\[|^(STRUCT|MAP|UNION|BLOB|BIT|TIME$|INTERVAL)/.test(sqlType)) return 'other'
  if (/^(VARCHAR|ENUM|UUID|JSON)/.test(sqlType)) return 'text'
  if (/^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/.test(sqlType)) return 'integer'
  if (/^(FLOAT|DOUBLE|DECIMAL)/.test(sqlType)) return 'number'
  if (sqlType === 'BOOLEAN') return 'boolean'
  if (sqlType === 'DATE') return 'date'
  return sqlType.startsWith('TIMESTAMP') ? 'timestamp' : 'other'
}

export function isFloating(column: Column): boolean {
  return /^(FLOAT|DOUBLE)/.test(column.sqlType)
}

/** Written exactly as SQL would write the value: cheap to test, and nothing is lost. */
function isCanonical(text: string, sqlType: string): string {
  return `CAST(try_cast(${text} AS ${sqlType}) AS VARCHAR) IS NOT DISTINCT FROM ${text}`
}

/**
 * A condition on a text expression: it can be read as the type and nothing is lost. Whole numbers must be written as
 * such, because DuckDB would round 1.5; dates and times are ISO 8601, because no other order of day and month is
 * certain.
 */
export function readableAs(type: DeclaredType, text: string): string {
  switch (type) {
    case 'text':
      return 'true'
    case 'integer': {
      const whole = `regexp_full_match(${text}, '[+-]?[0-9]+') AND try_cast(${text} AS BIGINT) IS NOT NULL`
      return `(${isCanonical(text, 'BIGINT')} OR (${whole}))`
    }
    case 'number':
      return `try_cast(${text} AS DOUBLE) IS NOT NULL`
    case 'boolean':
      return `lower(${text}) IN ('true', 'false', 't', 'f', '1', '0')`
    case 'date':
      return isCanonical(text, 'DATE')
    case 'timestamp':
      return `(regexp_matches(${text}, '^[0-9]{4}-[0-9]{2}-[0-9]{2}') AND try_cast(${text} AS TIMESTAMP) IS NOT NULL)`
  }
}

/** Types that a text column may turn out to have, the narrowest first, each with its stricter condition for guessing. */
export function guessableTypes(text: string): readonly { type: DeclaredType; condition: string }[] {
  // A leading zero marks a code, such as a postal code, that is no number.
  const isNoCode = `(NOT starts_with(${text}, '0') OR starts_with(${text}, '0.') OR ${text} = '0')`
  return [
    { type: 'boolean', condition: `lower(${text}) IN ('true', 'false')` },
    { type: 'integer', condition: isCanonical(text, 'BIGINT') },
    { type: 'number', condition: `${isNoCode} AND try_cast(${text} AS DOUBLE) IS NOT NULL` },
    { type: 'date', condition: readableAs('date', text) },
    { type: 'timestamp', condition: readableAs('timestamp', text) },
  ]
}
