import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { partialName } from '#platform/files/index'
import type { Platform } from '#platform/platform'
import { openTables, quoteText } from '#platform/tables/index'
import { lendKey, maskedRelation } from '../personal/masked-relation.ts'
import type { Masking } from '../personal/masking.ts'
import { relationOf } from '../rows/relation.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { TableFormat } from './export-format.ts'

const copyOptions: Readonly<Record<TableFormat, string>> = {
  csv: 'FORMAT csv, HEADER true',
  parquet: 'FORMAT parquet, COMPRESSION zstd',
  ndjson: 'FORMAT json',
}

/** Writes all rows of a version as one file, masked as everything that leaves; aside first, then renamed. */
export async function exportTable(
  {
    version,
    file,
    format,
    masking,
  }: {
    readonly version: DatasetVersion
    /** Absolute; its folder is there. */
    readonly file: string
    readonly format: TableFormat
    readonly masking: Masking
  },
  platform: Pick<Platform, 'files' | 'config'>,
): Promise<void> {
  const { columns, parts } = version
  const local: { part: (typeof parts)[number]; path: string }[] = []
  for (const part of parts) local.push({ part, path: await platform.files.localPath(part.digest) })
  const aside = join(dirname(file), partialName(randomUUID()))
  const tables = await openTables({
    allowedDirectories: [],
    allowedPaths: [...new Set([...local.map(({ path }) => path), aside])],
    temporaryDirectory: join(platform.config.home, 'tmp', 'tables'),
  })
  try {
    await lendKey(tables, masking)
    const { relation } = maskedRelation(masking, { relation: relationOf(columns, local), columns })
    await tables.run(`COPY (SELECT * FROM ${relation}) TO ${quoteText(aside)} (${copyOptions[format]})`)
    await rename(aside, file)
  } finally {
    tables.close()
    await rm(aside, { force: true })
  }
}
