import { rm } from 'node:fs/promises'
import type { Platform } from '#platform/platform'
import { quoteName, quoteText } from '#platform/tables/index'
import { openTables } from '#platform/tables/index'
import { quarantineColumns } from '../quarantine/list-quarantine.ts'
import { tablesDirectory } from '../rows/arrival-tables.ts'
import { columnTypeOf, readableAs, type Column } from '../rows/column-type.ts'
import type { Collected } from '../sources/collected.ts'
import { inspectFile } from '../sources/inspect-file.ts'
import { spoolPath } from '../sources/spool.ts'
import type { Quarantine } from '../sources/source-store.ts'

/**
 * The rows of quarantines, as a file that arrives. A column that was kept as text because of a few values gets the type of
 * the dataset back where all of its values have it by now.
 */
export async function offerAgain(
  quarantines: readonly Quarantine[],
  { platform, columns, spool }: { platform: Platform; columns: readonly Column[]; spool: string },
): Promise<Collected> {
  const paths = await Promise.all(quarantines.map(({ digest }) => platform.files.localPath(digest)))
  const path = await spoolPath(spool, '.parquet')
  const tables = await openTables({
    allowedDirectories: [spool],
    allowedPaths: paths,
    temporaryDirectory: tablesDirectory(platform),
  })
  const versions = [...new Set(quarantines.map(({ version }) => version))]
  const name = `quarantine of version ${versions.join(', ')}`
  try {
    const relation = `read_parquet([${paths.map(quoteText).join(', ')}], union_by_name = true)`
    const offered = (await tables.columns(`SELECT * FROM ${relation}`)).filter(
      (column) => !(quarantineColumns as readonly string[]).includes(column.name),
    )
    const cells: string[] = []
    for (const { name: column, type } of offered) {
      const wanted = columns.find((one) => one.name === column)
      const fits =
        wanted !== undefined && type === 'VARCHAR' && (await allFit(tables, { relation, column, wanted }))
      cells.push(
        fits ? `CAST(${quoteName(column)} AS ${wanted.sqlType}) AS ${quoteName(column)}` : quoteName(column),
      )
    }
    await tables.run(
      `COPY (SELECT ${cells.join(', ')} FROM ${relation}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION uncompressed)`,
    )
    const facts = await inspectFile(path, name, { isText: false, compressed: false })
    return {
      files: [{ name, path, format: 'parquet', compressed: false, facts }],
      source: { kind: 'quarantine', versions },
      unchanged: [],
      downloads: [],
      released: quarantines.map(({ version, digest }) => ({ version, digest })),
      release: () => rm(path, { force: true }),
    }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    tables.close()
  }
}

async function allFit(
  tables: Awaited<ReturnType<typeof openTables>>,
  { relation, column, wanted }: { relation: string; column: string; wanted: Column },
): Promise<boolean> {
  const type = columnTypeOf(wanted.sqlType)
  if (type === 'other' || type === 'unknown' || type === 'text') return false
  const text = quoteName(column)
  const [row] = await tables.rows(
    `SELECT count(*) AS unfit FROM ${relation} WHERE ${text} IS NOT NULL AND NOT (${readableAs(type, text)})`,
  )
  return row?.['unfit'] === 0
}
