import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Platform } from '#platform/platform'
import { quoteText, requireRow, type Tables } from '#platform/tables/index'
import { tablesDirectory } from '../../rows/arrival-tables.ts'
import { describeCheck } from '../describe-check.ts'
import { prepareChecks, type ValidateOptions } from '../validate.ts'
import type { CheckResult } from '../validation.ts'
import { failureQuery } from './failure-query.ts'
import type { KeptCheck, KeptFailures } from './failures-store.ts'

/** Of all checks of a rejection together. What lies beyond can be had from the file while it is there. */
export const mostKeptRows = 100_000

/** What was judged, and what came of it. */
export interface Refused extends Pick<
  ValidateOptions,
  'checks' | 'columns' | 'files' | 'key' | 'now' | 'references'
> {
  readonly results: readonly CheckResult[]
}

/**
 * Keeps the rows of `arrival` for which it is refused, by check and place, as a Parquet file among the blobs: the bytes of
 * rejected files are not kept, and a fault of a thousand rows is not mended by the first five.
 */
export async function keepFailures(
  tables: Tables,
  refused: Refused,
  platform: Pick<Platform, 'config' | 'blobs'>,
): Promise<KeptFailures | undefined> {
  const failed = new Map(
    refused.results
      .filter(({ outcome, unexpected = 0 }) => outcome === 'fail' && unexpected > 0)
      .map((result) => [result.expected, result]),
  )
  const concerned = refused.checks.filter((check) => failed.has(describeCheck(check)))
  const limit = Math.max(1, Math.floor(mostKeptRows / Math.max(1, concerned.length)))
  const checks: KeptCheck[] = []
  await tables.run(
    'CREATE OR REPLACE TEMP TABLE kept_failures ("check#" INTEGER, "row#" BIGINT, cells VARCHAR)',
  )
  for (const prepared of await prepareChecks(tables, { ...refused, checks: concerned })) {
    const query = await failureQuery(tables, prepared, refused)
    const result = failed.get(describeCheck(prepared.check))
    if (query === undefined || result === undefined) continue
    await tables.run(
      `INSERT INTO kept_failures SELECT ${checks.length}, "row#", cells FROM (${query.sql}) ORDER BY "row#" LIMIT ${limit}`,
    )
    const { n } = requireRow(
      await tables.rows(`SELECT count(*) AS n FROM kept_failures WHERE "check#" = ${checks.length}`),
    )
    const { kind, expected, unexpected: rows = 0 } = result
    checks.push({ kind, expected, columns: query.columns, rows, kept: Number(n) })
  }
  if (checks.length === 0) return undefined
  const directory = tablesDirectory(platform)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, `failures-${randomUUID()}.parquet`)
  try {
    await tables.run(`COPY kept_failures TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`)
    const { digest } = await platform.blobs.putFile(path)
    return { digest, checks, files: [...refused.files] }
  } finally {
    await rm(path, { force: true })
    await tables.run('DROP TABLE kept_failures')
  }
}
