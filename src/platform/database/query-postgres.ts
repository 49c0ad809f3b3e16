import type { FieldDef } from 'pg'
import type { DevmlopsError } from '#contract/errors'
import { explainQueryFailure } from './query-failure.ts'
import { pageRows, requireDistinctNames, wrapped } from './query-text.ts'
import type { QueryColumn, QueryLocation, QueryRequest, QueryRows, TextRow } from './source-query.ts'

type Location = Extract<QueryLocation, { url: string }>

/** Every value as PostgreSQL writes it: the driver's own types lose digits, microseconds and time zones. */
const asText = { getTypeParser: () => (text: string) => text }

/** The types by the numbers that PostgreSQL gave them for ever (pg_type.dat). */
const types: Readonly<Record<number, string>> = {
  16: 'BOOLEAN',
  20: 'BIGINT',
  21: 'SMALLINT',
  23: 'INTEGER',
  26: 'UINTEGER',
  700: 'FLOAT',
  701: 'DOUBLE',
  1082: 'DATE',
  1083: 'TIME',
  1114: 'TIMESTAMP',
  1184: 'TIMESTAMPTZ',
}
const numeric = 1700
const bytes = 17
const eras = new Set([1082, 1114, 1184])

export async function queryPostgres(location: Location, request: QueryRequest): Promise<QueryRows> {
  const { default: pg } = await import('pg')
  const { timeoutMs } = request
  const client = new pg.Client({
    connectionString: location.url,
    types: asText,
    connectionTimeoutMillis: Math.min(timeoutMs, 10_000),
    application_name: 'devmlops',
  })
  // What breaks between two queries is told by the next one, in its own words.
  let broken: unknown
  client.on('error', (error) => (broken ??= error))
  let timedOut = false
  const end = (): Promise<void> => client.end().catch(() => undefined)
  const timer = setTimeout(() => {
    timedOut = true
    // Ends at once, also in the middle of a query.
    ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
  }, timeoutMs)
  const explained = (error: unknown): DevmlopsError =>
    explainQueryFailure(error, { name: location.name, secret: location.url, timeoutMs, timedOut })
  const close = async (): Promise<void> => {
    clearTimeout(timer)
    await end()
  }
  const fetch = async (): Promise<{ rows: TextRow[]; fields: FieldDef[] }> =>
    client.query({ text: `FETCH ${pageRows} FROM source_rows`, rowMode: 'array' })
  try {
    await client.connect()
    await client.query(
      `SET DateStyle = 'ISO, YMD'; SET TimeZone = 'UTC'; SET bytea_output = 'hex'; SET IntervalStyle = 'iso_8601';
       SET extra_float_digits = 1; SET statement_timeout = ${Math.ceil(timeoutMs)}; BEGIN READ ONLY`,
    )
    const sql = wrapped(request, { quote: quoteIdentifier, placeholder: '$1' })
    const declare = {
      text: `DECLARE source_rows NO SCROLL CURSOR FOR ${sql}`,
      values: request.from === undefined ? [] : [request.from.value],
      // Of this protocol a message holds one statement.
      queryMode: 'extended',
    }
    await client.query(declare)
    const first = await fetch()
    const names = first.fields.map(({ name }) => name)
    requireDistinctNames(names, location.name)
    const columns = first.fields.map(columnOf)
    const withBytes = first.fields.flatMap(({ dataTypeID }, index) => (dataTypeID === bytes ? [index] : []))
    const withEra = first.fields.flatMap(({ dataTypeID }, index) => (eras.has(dataTypeID) ? [index] : []))
    return {
      names,
      columns: () => columns,
      warnings: () => [],
      pages: async function* () {
        let page = first
        try {
          while (page.rows.length > 0) {
            const dated = withEra.length === 0 ? page.rows : page.rows.map((row) => inOurEra(row, withEra))
            yield withBytes.length === 0 ? dated : dated.map((row) => asDigits(row, withBytes))
            if (page.rows.length < pageRows) return
            request.signal?.throwIfAborted()
            page = await fetch()
          }
        } catch (error) {
          throw explained(broken ?? error)
        }
      },
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw explained(error)
  }
}

function columnOf({ name, dataTypeID, dataTypeModifier }: FieldDef): QueryColumn {
  if (dataTypeID === bytes) return { name, sqlType: 'BLOB', form: 'hexadecimal' }
  if (dataTypeID !== numeric) return { name, sqlType: types[dataTypeID] ?? 'VARCHAR', form: 'text' }
  // (precision << 16 | scale) + 4, the scale in eleven bits with sign; -1 where the column declares neither.
  const precision = ((dataTypeModifier - 4) >> 16) & 0xffff
  const scale = (((dataTypeModifier - 4) & 0x7ff) ^ 1024) - 1024
  const isDecimal = dataTypeModifier !== -1 && precision <= 38 && scale >= 0 && scale <= precision
  return isDecimal
    ? { name, sqlType: `DECIMAL(${precision},${scale})`, form: 'text' }
    : { name, sqlType: 'DOUBLE', form: 'rounded' }
}

/** `0044-03-15 BC` is `0044-03-15 (BC)` in DuckDB. */
function inOurEra(row: TextRow, indices: readonly number[]): TextRow {
  if (!indices.some((index) => row[index]?.endsWith(' BC') === true)) return row
  return row.map((cell, index) => (indices.includes(index) ? (cell?.replace(/ BC$/, ' (BC)') ?? null) : cell))
}

/** `\\x00ff` is 00ff. */
function asDigits(row: TextRow, indices: readonly number[]): TextRow {
  return row.map((cell, index) => (indices.includes(index) ? (cell?.slice(2) ?? null) : cell))
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
