import { createReadStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { Download } from '#contract/endpoint'
import type { Platform } from '#platform/platform'
import { openTables, quoteName, quoteText } from '#platform/tables/index'
import { lendKey, maskedRelation } from '../personal/masked-relation.ts'
import type { Masking } from '../personal/masking.ts'
import { localParts, tablesDirectory } from '../rows/arrival-tables.ts'
import { relationOf } from '../rows/relation.ts'
import { spoolPath } from '../sources/spool.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'

/** All rows of a version as one Parquet file, for whoever takes them in elsewhere. Masked like every other way out. */
export async function exportRows(
  version: DatasetVersion,
  { platform, masking, spool }: { platform: Platform; masking: Masking; spool: string },
): Promise<Download> {
  const local = await localParts(version.parts, platform)
  const path = await spoolPath(spool, '.parquet')
  const tables = await openTables({
    allowedDirectories: [spool],
    allowedPaths: local.map((part) => part.path),
    temporaryDirectory: tablesDirectory(platform),
  })
  try {
    await lendKey(tables, masking)
    const { relation, columns } = maskedRelation(masking, {
      relation: relationOf(version.columns, local),
      columns: version.columns,
    })
    const names = columns.map((column) => quoteName(column.name)).join(', ')
    await tables.run(`COPY (SELECT ${names} FROM ${relation}) TO ${quoteText(path)} (FORMAT parquet)`)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    tables.close()
  }
  const { size: sizeBytes } = await stat(path)
  const bytes = createReadStream(path)
  // Sent or broken off: nobody needs the file any more.
  bytes.once('close', () => void rm(path, { force: true }))
  return {
    body: Readable.toWeb(bytes) as unknown as ReadableStream<Uint8Array>,
    contentType: 'application/vnd.apache.parquet',
    fileName: `${version.dataset}-${version.version}.parquet`,
    sizeBytes,
  }
}
