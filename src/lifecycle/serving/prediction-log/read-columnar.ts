import { join } from 'node:path'
import { openTables, quoteText, type Row, type Tables } from '#platform/tables/index'
import { columnarDirectory, workDirectory, type ColumnarFile } from './columnar-index.ts'
import type { LoggedValue, PredictionRecord } from './record.ts'
import { readExpression } from './value-columns.ts'

export interface PlacedRecord {
  readonly record: PredictionRecord
  readonly segment: number
  /** Behind it: a cursor that says so has read it. */
  readonly offset: number
}

const memoryLimitBytes = 500_000_000

/** DuckDB on the Parquet files of one log, for as long as `work` takes. */
export async function withColumnar<Result>(
  directory: string,
  work: (tables: Tables) => Promise<Result>,
): Promise<Result> {
  const tables = await openTables({
    allowedDirectories: [columnarDirectory(directory)],
    temporaryDirectory: workDirectory(directory),
    memoryLimitBytes,
    threads: 1,
  })
  try {
    return await work(tables)
  } finally {
    tables.close()
  }
}

/** The records of a file for which the condition holds, in the order they were logged or the other way round. */
export async function readColumnar(
  tables: Tables,
  { directory, file }: { readonly directory: string; readonly file: ColumnarFile },
  request: { readonly where: string; readonly limit: number; readonly newestFirst?: boolean },
): Promise<PlacedRecord[]> {
  const values = file.columns.map((column, index) => `${readExpression(column)} AS v${index}`)
  const order = request.newestFirst === true ? 'segment DESC, byte_end DESC' : 'segment, byte_end'
  const rows = await tables.rows(
    `SELECT ${[...readFacts, ...values].join(', ')} FROM read_parquet(${quoteText(join(columnarDirectory(directory), file.path))})
      WHERE ${request.where} ORDER BY ${order} LIMIT ${request.limit}`,
  )
  return rows.map((row) => ({
    record: recordOf(row, file),
    segment: Number(row['segment']),
    offset: Number(row['byte_end']),
  }))
}

/** Records behind one place and not behind another, as SQL. */
export function placeCondition({
  after,
  until,
}: {
  readonly after?: { readonly segment: number; readonly offset: number } | undefined
  readonly until?: { readonly segment: number; readonly offset: number } | undefined
}): string {
  // Not as pairs: DuckDB passes over row groups by plain comparisons only.
  const conditions = ['true']
  if (after !== undefined) {
    const { segment, offset } = after
    conditions.push(`segment >= ${segment} AND (segment > ${segment} OR byte_end > ${offset})`)
  }
  if (until !== undefined) {
    const { segment, offset } = until
    conditions.push(`segment <= ${segment} AND (segment < ${segment} OR byte_end <= ${offset})`)
  }
  return conditions.join(' AND ')
}

const readFacts = [
  'id',
  'request_id',
  'epoch_ms(time) AS time',
  'epoch_ms(event_time) AS event_time',
  'deployment',
  'variant',
  'model',
  'version',
  'key',
  'latency_ms',
  'caller',
  'trace_id',
  'weight',
  'segment',
  'byte_end',
]
const optionalFacts = ['event_time', 'key', 'caller', 'trace_id', 'weight'] as const

function recordOf(row: Row, { columns, columnsOf }: ColumnarFile): PredictionRecord {
  const values = { inputs: {} as Record<string, LoggedValue>, outputs: {} as Record<string, LoggedValue> }
  for (const index of columnsOf[`${row['model'] as string}@${row['version'] as number}`] ?? []) {
    const column = columns[index]
    if (column === undefined) continue
    const value = row[`v${index}`] ?? null
    values[column.part][column.name] = (
      column.kind === 'json' && value !== null ? JSON.parse(value as string) : value
    ) as LoggedValue
  }
  const { id, request_id, time, deployment, variant, model, version, latency_ms } = row
  const optional = optionalFacts.flatMap((name) =>
    row[name] === null || row[name] === undefined ? [] : [[name, row[name]] as const],
  )
  return {
    id,
    request_id,
    time,
    deployment,
    variant,
    model,
    version,
    ...Object.fromEntries(optional),
    ...values,
    latency_ms,
  } as PredictionRecord
}
