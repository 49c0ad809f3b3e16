import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DevmlopsError, fail } from '#contract/errors'
import type { Row } from '#platform/tables/index'
import { createTurns } from '#platform/turns'
import { clip } from '../rows/field-error.ts'
import type { RowSchema, SchemaField } from '../rows/row-schema.ts'

/** Reads request bodies that are Parquet files. */
export interface ParquetBodies {
  /** The rows of the file with the columns that the model has. Fails with `payload_too_large` and `invalid_input`. */
  read(body: Buffer, schema: RowSchema, rowsLimit: number): Promise<readonly Row[]>
}

const memoryLimitBytes = 256_000_000
/** A few bytes of Parquet may stand for a text of megabytes, once for every row. */
const longestTextBytes = 64 * 1024 * 1024

/**
 * DuckDB reads the file, since nothing else here can: from a folder of its own, one file at a time, and loaded with the first
 * such body, because its library costs more than a start may.
 */
export function parquetBodies(directory: string): ParquetBodies {
  const inTurn = createTurns()
  return {
    read: (body, schema, rowsLimit) =>
      inTurn('parquet', async () => {
        if (body.length < 12 || body.toString('latin1', 0, 4) !== 'PAR1')
          return fail('invalid_input', 'The body is not a Parquet file.')
        await mkdir(directory, { recursive: true, mode: 0o700 })
        const folder = await mkdtemp(join(directory, 'body-'))
        try {
          const path = join(folder, 'rows.parquet')
          await writeFile(path, body, { mode: 0o600 })
          return await readFile(folder, path, { schema, rowsLimit })
        } finally {
          await rm(folder, { recursive: true, force: true })
        }
      }),
  }
}

async function readFile(
  folder: string,
  path: string,
  { schema, rowsLimit }: { readonly schema: RowSchema; readonly rowsLimit: number },
): Promise<readonly Row[]> {
  const { isTimeType, openTables, quoteName, quoteText, requireRow, timeColumn } =
    await import('#platform/tables/index')
  const tables = await openTables({
    allowedDirectories: [folder],
    temporaryDirectory: join(folder, 'spill'),
    memoryLimitBytes,
    threads: 1,
  })
  try {
    const source = `read_parquet(${quoteText(path)})`
    const columns = await tables.columns(`SELECT * FROM ${source}`)
    const found = columns.flatMap(({ name, type }) => {
      const field = schema.byName.get(name)
      return field === undefined ? [] : [{ field, type, column: quoteName(name) }]
    })
    for (const { field, type } of found) checkColumn(field, type)
    const sizes = found.map(({ field, type, column }) => sizeOf(field, type, column))
    const { devmlops_rows: rows, ...measured } = requireRow(
      await tables.rows(
        `SELECT count(*) AS devmlops_rows${sizes.map((size, index) => `, ${size} AS size_${index}`).join('')} FROM ${source}`,
      ),
    )
    if (Number(rows) > rowsLimit)
      fail(
        'payload_too_large',
        `${Number(rows)} rows are more than the ${rowsLimit} of limits.rowsPerRequest.`,
      )
    found.forEach(({ field }, index) => refuseLarge(field, Number(measured[`size_${index}`] ?? 0)))
    const wanted = found.map(({ type, column, field }) =>
      isTimeType(type) ? timeColumn(field.name) : column,
    )
    // Rows of a file without any of the columns are rows all the same: each then lacks what the model requires.
    if (wanted.length === 0) return Array.from({ length: Number(rows) }, () => ({}))
    return withoutNaN(await tables.rows(`SELECT ${wanted.join(', ')} FROM ${source}`))
  } catch (error) {
    return failUnreadable(error)
  } finally {
    tables.close()
  }
}

const readable = /^(BOOLEAN|U?TINYINT|U?SMALLINT|U?INTEGER|U?BIGINT|FLOAT|DOUBLE|VARCHAR|ENUM|TIMESTAMP|DATE)/

function checkColumn(field: SchemaField, type: string): void {
  const isList = type.includes('[')
  if (readable.test(type) && isList === (field.shape !== undefined) && type.split('[').length <= 3) return
  fail(
    'invalid_input',
    `The column "${clip(field.name)}" has the type ${clip(type)}, which the model does not take.`,
    {
      at: field.name,
    },
  )
}

/** Bytes of all texts, or values in the longest list. */
function sizeOf(field: SchemaField, type: string, column: string): string {
  if (field.shape !== undefined)
    return `max(len(${type.split('[').length > 2 ? `flatten(${column})` : column}))`
  return field.type === 'string' ? `sum(strlen(CAST(${column} AS VARCHAR)))` : '0'
}

function refuseLarge(field: SchemaField, size: number): void {
  const limit = field.shape === undefined ? longestTextBytes : field.width
  if (size <= limit) return
  fail('payload_too_large', `The column "${clip(field.name)}" is too large: ${size} of at most ${limit}.`, {
    at: field.name,
  })
}

/** pandas writes NaN for what is missing. */
function withoutNaN(rows: readonly Row[]): readonly Row[] {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, Number.isNaN(value) ? null : value]),
    ),
  )
}

function failUnreadable(error: unknown): never {
  if (!(error instanceof DevmlopsError) || error.code === 'payload_too_large') throw error
  if (error.code === 'invalid_input' && !error.message.startsWith('SQL failed')) throw error
  return fail('invalid_input', 'The Parquet body cannot be read.', {
    hint: 'It must be a whole file, as pandas.DataFrame.to_parquet writes it, without encryption.',
    cause: error,
  })
}
