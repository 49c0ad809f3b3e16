import type { Platform } from '#platform/platform'
import { openArrivalTables } from './arrival-tables.ts'
import type { Column } from './column-type.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { relationOf } from './relation.ts'
import { plainValues, shownCell } from '../checks/sample-rows.ts'

export type PlainRow = ReturnType<typeof plainValues>

/** The first rows of a version; only the parts that hold them are fetched. */
export async function firstRows(
  { columns, parts }: DatasetVersion,
  limit: number,
  platform: Platform,
): Promise<{ columns: readonly Column[]; rows: PlainRow[] }> {
  const read: { part: (typeof parts)[number]; path: string }[] = []
  for (const part of parts) {
    if (read.reduce((sum, one) => sum + one.part.rows, 0) >= limit) break
    read.push({ part, path: await platform.files.localPath(part.digest) })
  }
  const tables = await openArrivalTables(
    platform,
    read.map(({ path }) => path),
  )
  try {
    const cells = columns.map(({ name, sqlType }) => shownCell(name, sqlType))
    const rows = await tables.rows(
      `SELECT ${cells.join(', ')} FROM ${relationOf(columns, read)} LIMIT ${limit}`,
    )
    return { columns, rows: rows.map(plainValues) }
  } finally {
    tables.close()
  }
}
