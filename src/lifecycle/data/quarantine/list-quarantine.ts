import { z } from 'zod'
import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { quoteName, quoteText, type Row } from '#platform/tables/index'
import { plainValues, shownCell } from '../checks/sample-rows.ts'
import { maskRow } from '../personal/mask-cell.ts'
import { ruleOf, type Masking } from '../personal/masking.ts'
import { openArrivalTables } from '../rows/arrival-tables.ts'
import type { Quarantine } from '../sources/source-store.ts'

const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** A row that was kept out of a version. */
export const quarantinedRowSchema = z.object({
  version: z.int().describe('the version that it was kept out of'),
  file: z.string(),
  row: z.int().min(1).describe('row of the file, counted from 1 after the header'),
  reasons: z.array(
    z.object({
      column: z.string(),
      value: z.string().nullable(),
      rule: z.string().describe('what the row does not meet'),
    }),
  ),
  values: z.record(z.string(), cellSchema),
})
export type QuarantinedRow = z.infer<typeof quarantinedRowSchema>

/** The columns that the file of a quarantine has besides those of the data. */
export const quarantineColumns = ['devmlops_file', 'devmlops_row', 'devmlops_reasons'] as const

export interface QuarantinePage {
  readonly items: QuarantinedRow[]
  readonly next: string | undefined
}

/** Rows of several quarantines, one after the other, a page at a time. */
export async function listQuarantine(
  quarantines: readonly Quarantine[],
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
  { platform, masking }: { readonly platform: Platform; readonly masking: Masking },
): Promise<QuarantinePage> {
  const [place = 0, offset = 0] = after === undefined ? [] : placeOf(after)
  const items: QuarantinedRow[] = []
  let skipped = offset
  for (const [index, quarantine] of quarantines.entries()) {
    if (index < place) continue
    const rows = await rowsOf(quarantine, { offset: skipped, limit: limit - items.length, platform, masking })
    items.push(...rows)
    const read = skipped + rows.length
    skipped = 0
    if (items.length < limit) continue
    const isLast = read >= quarantine.rows
    if (isLast && index === quarantines.length - 1) break
    return { items, next: isLast ? `${index + 1}:0` : `${index}:${read}` }
  }
  return { items, next: undefined }
}

function placeOf(after: string): number[] {
  if (/^\d+:\d+$/.test(after)) return after.split(':').map(Number)
  return fail('invalid_input', `"${after}" is no place in a list.`, {
    hint: 'Send `next` of the page before.',
    at: 'after',
  })
}

async function rowsOf(
  { version, digest }: Quarantine,
  {
    offset,
    limit,
    platform,
    masking,
  }: { offset: number; limit: number; platform: Platform; masking: Masking },
): Promise<QuarantinedRow[]> {
  const path = await platform.files.localPath(digest)
  const tables = await openArrivalTables(platform, [path])
  try {
    const relation = `read_parquet(${quoteText(path)}, file_row_number = true)`
    const described = await tables.columns(`SELECT * FROM read_parquet(${quoteText(path)})`)
    const columns = described.filter(({ name }) => !(quarantineColumns as readonly string[]).includes(name))
    const cells = columns.map(({ name, type }) => shownCell(name, type))
    const rows = await tables.rows(
      `SELECT ${quarantineColumns.map(quoteName).join(', ')}${cells.map((cell) => `, ${cell}`).join('')}
       FROM ${relation} ORDER BY file_row_number LIMIT ${limit} OFFSET ${offset}`,
    )
    return rows.map((row) => toRow(version, row, masking))
  } finally {
    tables.close()
  }
}

function toRow(version: number, row: Row, masking: Masking): QuarantinedRow {
  const { devmlops_file: file, devmlops_row: place, devmlops_reasons: reasons, ...values } = row
  const plain = plainValues(values)
  return {
    version,
    file: file as string,
    row: Number(place),
    reasons: (reasons as QuarantinedRow['reasons']).map(({ column, value, rule }) => ({
      column,
      rule,
      value: ruleOf(masking, column) === undefined ? (value ?? textOf(plain[column])) : null,
    })),
    values: maskRow(masking, plain),
  }
}

function textOf(value: string | number | boolean | null | undefined): string | null {
  return value === undefined || value === null ? null : String(value)
}
