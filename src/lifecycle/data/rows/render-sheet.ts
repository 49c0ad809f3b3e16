import { createHash } from 'node:crypto'
import { readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { formatBytes } from '#contract/units'
import { openTables, quoteName } from '#platform/tables/index'
import type { ArrivingFile } from '../sources/arriving-file.ts'
import { inspectFile } from '../sources/inspect-file.ts'
import { spoolPath } from '../sources/spool.ts'
import { CellKinds, type SheetCell } from './cell-kinds.ts'
import { requireColumnCount } from './column-limit.ts'
import { typeColumns, writeParquet } from './write-parquet.ts'
import { requireSmallArchive } from './zip-size.ts'

/** A sheet is held in memory while it is read. */
const maximumFileBytes = 100_000_000
const maximumUnpackedBytes = 200_000_000

/**
 * The rows of one sheet as Parquet, typed by all of their values; the spreadsheet itself is kept beside it.
 * @throws unreadable_data, not_found for a sheet that is not there.
 */
export async function renderSheet(
  { path, name }: { path: string; name: string },
  { sheet, header_row: headerRow }: { sheet?: string | undefined; header_row: number },
  spool: string,
): Promise<ArrivingFile> {
  const { size } = await stat(path)
  if (size > maximumFileBytes) {
    fail('unreadable_data', `${name} is larger than ${formatBytes(maximumFileBytes)}.`, {
      hint: 'Save the sheet as CSV, which is read without holding it in memory.',
      at: name,
    })
  }
  const bytes = await readFile(path)
  await requireSmallArchive(bytes, { name, maximumSizeBytes: maximumUnpackedBytes })
  const rows = await readRows(bytes, { name, sheet })
  const header = headerOf(rows, { name, headerRow })
  const kinds = header.map(() => new CellKinds())
  const texts = rows.slice(headerRow).flatMap((row, index) => {
    const cells = header.map((_, column) => row[column] ?? null)
    const beyond = row.slice(header.length).findIndex((cell) => cell !== null)
    if (beyond !== -1) {
      fail(
        'unreadable_data',
        `${name}, row ${headerRow + index + 1}: column ${header.length + beyond + 1} has a value and no name.`,
        {
          hint: `Name it in row ${headerRow}, or set \`header_row\`.`,
          at: name,
        },
      )
    }
    if (cells.every((cell) => cell === null)) return []
    return [cells.map((cell, column) => (kinds[column] as CellKinds).textOf(cell, headerRow + index + 1))]
  })
  const target = await spoolPath(spool, '.parquet')
  const tables = await openTables({
    allowedDirectories: [spool],
    temporaryDirectory: join(dirname(spool), 'tmp', 'tables'),
  })
  try {
    await tables.run(
      `CREATE TEMP TABLE sheet (${header.map((column) => `${quoteName(column)} VARCHAR`).join(', ')})`,
    )
    await tables.appendText('sheet', pagesOf(texts))
    const plans = header.map((column, index) => (kinds[index] as CellKinds).planOf(column))
    const { columns } = await typeColumns(tables, plans, {
      table: 'sheet',
      source: name,
      isShown: () => false,
    })
    await writeParquet(tables, { path: target, columns, from: 'sheet', first: undefined })
    const facts = await inspectFile(target, name, { isText: false, compressed: false })
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as const
    return {
      name,
      path: target,
      format: 'parquet',
      compressed: false,
      facts,
      originals: [{ name, path, digest, sizeBytes: bytes.length }],
      warnings: header.flatMap((column, index) =>
        (kinds[index] as CellKinds).mixture(`${name}, column "${column}"`),
      ),
    }
  } catch (error) {
    await rm(target, { force: true })
    throw error
  } finally {
    tables.close()
  }
}

async function readRows(
  bytes: Buffer,
  { name, sheet }: { name: string; sheet: string | undefined },
): Promise<readonly (readonly SheetCell[])[]> {
  const { readSheet } = await import('read-excel-file/node')
  try {
    const read =
      sheet === undefined ? readSheet(bytes, 1, { trim: false }) : readSheet(bytes, sheet, { trim: false })
    return (await read) as SheetCell[][]
  } catch (error) {
    if (error instanceof Error && error.name === 'SheetNotFoundError') {
      fail('unreadable_data', `${name} has no sheet "${sheet ?? '1'}".`, {
        hint: `Correct \`sheet\` of the dataset. ${messageOf(error)}`,
        at: name,
      })
    }
    throw new DevmlopsError('unreadable_data', `${name} is no whole .xlsx file: ${messageOf(error)}.`, {
      hint: 'Save it as .xlsx again.',
      at: name,
      cause: error,
    })
  }
}

function headerOf(
  rows: readonly (readonly SheetCell[])[],
  { name, headerRow }: { name: string; headerRow: number },
): string[] {
  const cells = rows[headerRow - 1] ?? []
  const last = cells.findLastIndex((cell) => cell !== null && String(cell).trim() !== '')
  const header = cells.slice(0, last + 1).map((cell) => (cell === null ? '' : String(cell).trim()))
  const at = `${name}:${headerRow}`
  if (header.length === 0) {
    fail('unreadable_data', `${name}, row ${headerRow} is empty; the names of the columns are expected.`, {
      hint: 'Set `header_row` of the dataset to the row that names them.',
      at,
    })
  }
  requireColumnCount(header.length, name)
  const seen = new Map<string, number>()
  for (const [index, column] of header.entries()) {
    const first = seen.get(column.toLowerCase())
    if (column === '')
      fail('unreadable_data', `${name}, row ${headerRow}: column ${index + 1} has no name.`, { at })
    if (first !== undefined) {
      fail(
        'unreadable_data',
        `${name}, row ${headerRow}: the name "${column}" stands for column ${first + 1} and column ${index + 1}.`,
        {
          hint: 'Give each column a name of its own.',
          at,
        },
      )
    }
    seen.set(column.toLowerCase(), index)
  }
  return header
}

async function* pagesOf(
  rows: readonly (readonly (string | null)[])[],
): AsyncIterable<readonly (readonly (string | null)[])[]> {
  for (let at = 0; at < rows.length; at += 5000) yield rows.slice(at, at + 5000)
}
