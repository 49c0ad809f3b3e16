import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { quoteText, type Tables } from '#platform/tables/index'
import { columnarDirectory, publishFile, type ColumnarFile, type ValueColumn } from './columnar-index.ts'
import { segmentLines } from './segment-lines.ts'
import type { Segment } from './segments.ts'
import { columnName, kindsOf, namedColumns, pointerTo, valueExpression } from './value-columns.ts'

export type SignatureOf = (model: string, version: number) => Promise<ModelSignature | undefined>

/** Facts of a record besides its values: their name in the file, their place in the list `f` and their type. */
const facts = [
  ['id', 'id', 'VARCHAR'],
  ['request_id', 'request_id', 'VARCHAR'],
  ['time', 'time', 'TIMESTAMP'],
  ['event_time', 'event_time', 'TIMESTAMP'],
  ['deployment', 'deployment', 'VARCHAR'],
  ['variant', 'variant', 'VARCHAR'],
  ['model', 'model', 'VARCHAR'],
  ['version', 'version', 'BIGINT'],
  ['key', 'key', 'VARCHAR'],
  ['latency_ms', 'latency_ms', 'DOUBLE'],
  ['caller', 'caller', 'VARCHAR'],
  ['trace_id', 'trace_id', 'VARCHAR'],
  ['weight', 'weight', 'DOUBLE'],
] as const

const factList = facts.map(([, pointer]) => quoteText(`/${pointer}`)).join(', ')
const factColumns = facts
  .map(([name, , type], index) => {
    const text = `f[${index + 1}]`
    const value =
      type === 'TIMESTAMP' ? `TRY(epoch_ms(TRY_CAST(${text} AS BIGINT)))` : `TRY_CAST(${text} AS ${type})`
    return `${value} AS ${name}`
  })
  .join(', ')

export interface ColumnarRequest {
  readonly directory: string
  readonly segments: readonly Segment[]
  readonly signatureOf: SignatureOf
  /** Files that may have the id of a record already, and whose columns keep their types. */
  readonly earlier: readonly ColumnarFile[]
}

/**
 * Writes the records of segments as a Parquet file, one row an id: the first counts. Undefined when there is nothing to
 * write. The segments stay, and the file does not count before the index names it.
 */
export async function writeColumnar(
  tables: Tables,
  request: ColumnarRequest,
): Promise<ColumnarFile | undefined> {
  const { directory, segments, earlier } = request
  const lines = await loadLines(tables, segments)
  const columns = await parse(tables, request)
  await keepFirst(tables, directory, earlier)
  const [counted] = await tables.rows(
    `SELECT count(*) AS rows, epoch_ms(min(time)) AS first, epoch_ms(max(time)) AS last,
      (SELECT count(*) FROM parsed) AS parsed FROM kept`,
  )
  const rows = Number(counted?.['rows'] ?? 0)
  const parsed = Number(counted?.['parsed'] ?? 0)
  if (rows === 0) return undefined
  const firstTime = Number(counted?.['first'] ?? 0)
  const firstSegment = (segments[0] as Segment).sequence
  const lastSegment = (segments.at(-1) as Segment).sequence
  const path = filePath({ firstTime, firstSegment, lastSegment })
  const sizeBytes = await copyTo(tables, join(columnarDirectory(directory), path), columns)
  return {
    path,
    firstSegment,
    lastSegment,
    rows,
    sizeBytes,
    firstTime,
    lastTime: Number(counted?.['last'] ?? 0),
    repeated: parsed - rows,
    unreadable: lines - parsed,
    columns,
    columnsOf: await columnsByVersion(tables, columns),
  }
}

/** A folder a day, named as SQL engines read it; the day is that of the first prediction in the file. */
export function filePath({
  firstTime,
  firstSegment,
  lastSegment,
}: Pick<ColumnarFile, 'firstTime' | 'firstSegment' | 'lastSegment'>): string {
  const day = new Date(firstTime).toISOString().slice(0, 10)
  const digits = (sequence: number): string => String(sequence).padStart(10, '0')
  return `day=${day}/${digits(firstSegment)}-${digits(lastSegment)}.parquet`
}

async function loadLines(tables: Tables, segments: readonly Segment[]): Promise<number> {
  await tables.run('CREATE OR REPLACE TEMP TABLE lines (segment VARCHAR, byte_end VARCHAR, line VARCHAR)')
  let lines = 0
  for (const { sequence, path } of segments) {
    lines += await tables.appendText('lines', pagesOf(path, String(sequence)))
  }
  return lines
}

async function* pagesOf(path: string, sequence: string): AsyncGenerator<readonly (readonly string[])[]> {
  for await (const lines of segmentLines(path)) {
    yield lines.map(({ text, end }) => [sequence, String(end), text])
    // A job of the server: whoever asks it something meanwhile goes first.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function parse(
  tables: Tables,
  { signatureOf, earlier }: ColumnarRequest,
): Promise<readonly ValueColumn[]> {
  const named = await namedColumns(tables)
  const pointers = named.map((column) => quoteText(pointerTo(column))).join(', ')
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE parsed AS SELECT CAST(segment AS BIGINT) AS segment,
      CAST(byte_end AS BIGINT) AS byte_end, json_extract_string(line, [${factList}]) AS f,
      ${pointers === '' ? '[]::JSON[]' : `json_extract(line, [${pointers}])`} AS v
    FROM lines WHERE json_valid(line) AND json_extract_string(line, '/id') IS NOT NULL`,
  )
  await tables.run('DROP TABLE lines')
  const versions = await tables.rows(
    'SELECT DISTINCT f[7] AS model, TRY_CAST(f[8] AS BIGINT) AS version FROM parsed',
  )
  const signatures = await Promise.all(
    versions.map(({ model, version }) =>
      signatureOf(model as string, Number(version)).catch(() => undefined),
    ),
  )
  const kinds = await kindsOf(tables, named, {
    signatures,
    earlier: earlier.toReversed().flatMap((file) => file.columns),
  })
  const columns = named.map((column, index) => ({ ...column, kind: kinds[index] ?? 'json' }))
  const values = columns.map(
    (column, index) => `${valueExpression(`v[${index + 1}]`, column.kind)} AS ${columnName(column)}`,
  )
  await tables.run(
    `CREATE OR REPLACE TEMP VIEW typed AS
      SELECT ${[factColumns, ...values, 'segment', 'byte_end'].join(', ')}, v FROM parsed`,
  )
  return columns
}

async function keepFirst(tables: Tables, directory: string, earlier: readonly ColumnarFile[]): Promise<void> {
  const paths = earlier.map(({ path }) => quoteText(join(columnarDirectory(directory), path)))
  const known =
    paths.length === 0
      ? ''
      : `WHERE id NOT IN (SELECT id FROM read_parquet([${paths.join(', ')}], union_by_name = true))`
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM typed ${known}
      QUALIFY row_number() OVER (PARTITION BY id ORDER BY segment, byte_end) = 1`,
  )
}

async function copyTo(tables: Tables, path: string, columns: readonly ValueColumn[]): Promise<number> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const names = [...facts.map(([name]) => name), ...columns.map(columnName), 'segment', 'byte_end']
  await tables.run(
    `COPY (SELECT ${names.join(', ')} FROM kept ORDER BY segment, byte_end)
      TO ${quoteText(`${path}.part`)} (FORMAT parquet, COMPRESSION zstd)`,
  )
  await publishFile(`${path}.part`, path)
  return (await stat(path)).size
}

async function columnsByVersion(
  tables: Tables,
  columns: readonly ValueColumn[],
): Promise<Record<string, readonly number[]>> {
  const present = columns.map((_, index) => `bool_or(v[${index + 1}] IS NOT NULL) AS c${index}`)
  const rows = await tables.rows(
    `SELECT ${['model', 'version', ...present].join(', ')} FROM kept GROUP BY model, version`,
  )
  return Object.fromEntries(
    rows.map((row) => [
      `${row['model'] as string}@${row['version'] as number}`,
      columns.flatMap((_, index) => (row[`c${index}`] === true ? [index] : [])),
    ]),
  )
}
