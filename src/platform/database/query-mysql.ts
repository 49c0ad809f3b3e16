import { fail, type DevmlopsError } from '#contract/errors'
import { explainQueryFailure } from './query-failure.ts'
import { pageRows, requireDistinctNames, wrapped } from './query-text.ts'
import type { QueryColumn, QueryLocation, QueryRequest, QueryRows, TextRow } from './source-query.ts'

type Location = Extract<QueryLocation, { url: string }>

/** What the protocol says of a column (https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html). */
interface Field {
  readonly name: string
  readonly columnType?: number
  readonly columnLength?: number
  readonly flags?: number | readonly string[]
  readonly decimals?: number
  readonly characterSet?: number
}

const integers: Readonly<Record<number, string>> = {
  1: 'TINYINT',
  2: 'SMALLINT',
  3: 'INTEGER',
  8: 'BIGINT',
  9: 'INTEGER',
}
const [decimal, newDecimal, float, double, year, bit, geometry] = [0, 246, 4, 5, 13, 16, 255]
const [date, newDate, datetime, timestamp] = [10, 14, 12, 7]
const dates = new Set([date, newDate, datetime, timestamp])
const strings = new Set([249, 250, 251, 252, 253, 254, 15])
const unsignedFlag = 32
const binaryCharacterSet = 63

export async function queryMysql(location: Location, request: QueryRequest): Promise<QueryRows> {
  const { default: mysql } = await import('mysql2')
  const { timeoutMs } = request
  if (!URL.canParse(location.url)) {
    fail('invalid_input', `${location.name} holds no URL; mysql://user:password@host/database is expected.`)
  }
  const connection = mysql.createConnection({
    uri: location.url,
    charset: 'utf8mb4',
    connectTimeout: Math.min(timeoutMs, 10_000),
    multipleStatements: false,
    // A server could otherwise ask for any file of this machine.
    flags: ['-LOCAL_FILES'],
  })
  let broken: unknown
  connection.on('error', (error: unknown) => (broken ??= error))
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    connection.destroy()
  }, timeoutMs)
  const explained = (error: unknown): DevmlopsError =>
    explainQueryFailure(error, { name: location.name, secret: location.url, timeoutMs, timedOut })
  const close = async (): Promise<void> => {
    clearTimeout(timer)
    // The rest of an unfinished result would otherwise be read to its end.
    connection.destroy()
  }
  const run = (sql: string): Promise<void> =>
    new Promise((resolve, reject) =>
      connection.query(sql, (error) => (error === null ? resolve() : reject(error))),
    )
  try {
    await run(`SET time_zone = '+00:00'`)
    // The one is MySQL's name, the other MariaDB's.
    await run(`SET SESSION max_execution_time = ${Math.ceil(timeoutMs)}`).catch(() =>
      run(`SET SESSION max_statement_time = ${Math.ceil(timeoutMs / 1000)}`),
    )
    await run('START TRANSACTION READ ONLY')
    const query = connection.query({
      sql: wrapped(request, { quote: quoteIdentifier, placeholder: '?' }),
      values: request.from === undefined ? [] : [request.from.value],
      rowsAsArray: true,
      // Bytes as they came: the driver's own types lose digits and read dates in the zone of this machine.
      typeCast: (field) => field.buffer(),
    })
    const stream = query.stream({ highWaterMark: pageRows })
    // The driver tells the loss of a connection to nobody who only reads.
    const lost = (): void => void stream.destroy(new Error('connection lost'))
    stream.on('error', () => undefined)
    connection.on('error', lost)
    connection.on('end', lost)
    ;(connection as unknown as { stream: NodeJS.EventEmitter }).stream.on('close', lost)
    const fields = await new Promise<readonly Field[]>((resolve, reject) => {
      stream.once('error', reject)
      query.once('error', reject)
      query.once('fields', (found: readonly Field[] | undefined) => resolve(found ?? []))
      connection.once('error', reject)
    })
    const names = fields.map(({ name }) => name)
    requireDistinctNames(names, location.name)
    const columns = fields.map(columnOf)
    const readers = fields.map((field, index) => readerOf(field, columns[index] as QueryColumn))
    const zeroDates = names.map(() => 0)
    return {
      names,
      columns: () => columns,
      warnings: () =>
        names.flatMap((name, index) => {
          const count = zeroDates[index] ?? 0
          if (count === 0) return []
          const what = count === 1 ? '1 date' : `${count} dates`
          return [
            `column "${name}": ${what} that no calendar has (0000-00-00) ${count === 1 ? 'is' : 'are'} read as missing`,
          ]
        }),
      pages: async function* () {
        let page: TextRow[] = []
        try {
          for await (const row of stream as AsyncIterable<readonly (Buffer | null)[]>) {
            page.push(
              row.map((cell, index) => {
                if (cell === null) return null
                const text = (readers[index] as (cell: Buffer) => string | null)(cell)
                if (text === null) zeroDates[index] = (zeroDates[index] ?? 0) + 1
                return text
              }),
            )
            if (page.length < pageRows) continue
            request.signal?.throwIfAborted()
            yield page
            page = []
          }
          if (timedOut || broken !== undefined) throw new Error('connection lost', { cause: broken })
        } catch (error) {
          throw explained(error)
        }
        if (page.length > 0) yield page
      },
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw explained(error)
  }
}

function columnOf(field: Field): QueryColumn {
  const { name, columnType: type = 253, columnLength: length = 0, decimals: scale = 0 } = field
  const isUnsigned = (Number(field.flags ?? 0) & unsignedFlag) !== 0
  const integer = integers[type]
  // TINYINT(1) stays a number: it also holds 2.
  if (integer !== undefined) return { name, sqlType: isUnsigned ? `U${integer}` : integer, form: 'text' }
  if (type === year) return { name, sqlType: 'SMALLINT', form: 'text' }
  if (type === bit) return { name, sqlType: 'UBIGINT', form: 'text' }
  if (type === float || type === double)
    return { name, sqlType: type === float ? 'FLOAT' : 'DOUBLE', form: 'text' }
  if (type === decimal || type === newDecimal) {
    // The length counts the point and the sign.
    const precision = length - (scale > 0 ? 1 : 0) - (isUnsigned ? 0 : 1)
    return precision <= 38 && precision > 0
      ? { name, sqlType: `DECIMAL(${precision},${scale})`, form: 'text' }
      : { name, sqlType: 'DOUBLE', form: 'rounded' }
  }
  if (type === date || type === newDate) return { name, sqlType: 'DATE', form: 'text' }
  if (type === datetime) return { name, sqlType: 'TIMESTAMP', form: 'text' }
  if (type === timestamp) return { name, sqlType: 'TIMESTAMPTZ', form: 'text' }
  const isBinary = strings.has(type) && field.characterSet === binaryCharacterSet
  return isBinary || type === geometry
    ? { name, sqlType: 'BLOB', form: 'hexadecimal' }
    : { name, sqlType: 'VARCHAR', form: 'text' }
}

/** Text of a cell; null for a date that is none, such as 0000-00-00. */
function readerOf({ columnType }: Field, { form }: QueryColumn): (cell: Buffer) => string | null {
  if (form === 'hexadecimal') return (cell) => cell.toString('hex')
  if (columnType === bit) return (cell) => BigInt(`0x${cell.toString('hex') || '0'}`).toString()
  if (columnType === timestamp) return (cell) => zoned(cell.toString('latin1'))
  if (columnType !== undefined && dates.has(columnType)) return (cell) => real(cell.toString('latin1'))
  return (cell) => cell.toString('utf8')
}

function real(text: string): string | null {
  return /^0000|-00/.test(text) ? null : text
}

function zoned(text: string): string | null {
  return real(text) === null ? null : `${text}+00`
}

function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
