import { fail } from '#contract/errors'
import { formatCount } from '#contract/units'
import { isTimeType, quoteName, requireRow, type Tables } from '#platform/tables/index'
import { requireColumns } from '../joins/view-rows.ts'
import type { SourceColumn } from '../joins/source-table.ts'
import { kindOfExtent, partsOf, type PartName, type SplitRule } from './split-rule.ts'

export interface SplitReport {
  readonly rows: number
  readonly parts: readonly { readonly part: PartName; readonly rows: number }[]
  /** Left out between two parts. */
  readonly gapRows: number
  /** By time: from which moment on each later part is, as text. */
  readonly boundaries: Readonly<Record<string, string>>
  /** Rows of `train` that occur again in another part, alike in everything but what names or dates a row. */
  readonly sharedRows: number
  readonly notes: readonly string[]
}

/** A query on what {@link splitTable} made: the rows of a part, in their order. */
export function partRows(part: PartName): string {
  return `SELECT * EXCLUDE (devmlops_place, devmlops_part) FROM devmlops_split WHERE devmlops_part = '${part}' ORDER BY devmlops_place`
}

/**
 * Gives each row of the relation its part, in the table `devmlops_split`. It depends on the rows and the rule alone, never
 * on their order on disk or on threads.
 *
 * @throws invalid_input for columns that are not there or hold nothing, and for rules that leave a part empty
 */
export async function splitTable(
  tables: Tables,
  { relation, label, rule }: { relation: string; label: string; rule: SplitRule },
): Promise<SplitReport> {
  const columns = await tables.columns(`SELECT * FROM ${relation}`)
  const named = [rule.column, rule.by === 'stratum' ? (rule.key ?? []) : []].flat()
  requireColumns(label, named, columns)
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE devmlops_rows AS SELECT *, row_number() OVER () AS devmlops_place FROM ${relation}`,
  )
  if (rule.by !== 'stratum') await refuseMissing(tables, { label, columns: [rule.column].flat() })
  const { sql, boundaries } = await assignment(tables, { rule, columns, label })
  await tables.run(`CREATE OR REPLACE TEMP TABLE devmlops_split AS ${sql}`)
  return report(tables, { rule, label, columns, boundaries })
}

interface Assigning {
  readonly rule: SplitRule
  readonly columns: readonly SourceColumn[]
  readonly label: string
}

interface Assignment {
  readonly sql: string
  readonly boundaries: Readonly<Record<string, string>>
}

async function assignment(tables: Tables, { rule, columns, label }: Assigning): Promise<Assignment> {
  if (rule.by === 'time') return byTime(tables, rule, { columns, label })
  if (rule.by === 'stratum') return { sql: byStratum(rule, columns), boundaries: {} }
  const at = hashShare(rule.column, columns, rule.seed)
  return { sql: `SELECT *, ${partOfShare(at, rule)} AS devmlops_part FROM devmlops_rows`, boundaries: {} }
}

/** Rows of one moment stay together: a boundary is a moment, and what is at it belongs to the later part. */
async function byTime(
  tables: Tables,
  rule: Extract<SplitRule, { by: 'time' }>,
  { columns, label }: Pick<Assigning, 'columns' | 'label'>,
): Promise<Assignment> {
  const type = columns.find(({ name }) => name === rule.column)?.type ?? ''
  if (!isTimeType(type)) {
    fail('invalid_input', `Column "${rule.column}" of ${label} is ${type}, and a time is expected.`, {
      hint: `Turn it into one in the step before: CAST(${rule.column} AS TIMESTAMP).`,
      at: rule.column,
    })
  }
  const time = `CAST(${quoteName(rule.column)} AS TIMESTAMP)`
  const boundaries: Record<string, string> = {}
  const shareOf = (extent: number | string | undefined): number => (typeof extent === 'number' ? extent : 0)
  const wanted = [
    ['validation', rule.validation, shareOf(rule.validation) + shareOf(rule.test)],
    ['test', rule.test, shareOf(rule.test)],
  ] as const
  for (const [part, extent, taken] of wanted) {
    if (extent === undefined) continue
    const kind = kindOfExtent(extent)
    const sql =
      kind === 'from'
        ? `SELECT CAST('${String(extent).replace(/Z$/, '')}' AS TIMESTAMP)`
        : kind === 'last'
          ? `SELECT max(${time}) - to_microseconds(${Math.round(taken * 1000)}) + to_microseconds(1) FROM devmlops_rows`
          : `SELECT quantile_disc(${time}, ${1 - taken}) FROM devmlops_rows`
    const [row] = await tables.rows(`SELECT CAST((${sql}) AS VARCHAR) AS boundary`)
    const boundary = row?.['boundary']
    boundaries[part] = typeof boundary === 'string' ? boundary : ''
  }
  const cases: string[] = []
  const gap = rule.gap === undefined ? '' : ` - to_microseconds(${rule.gap * 1000})`
  // The latest part first, so that the first case that holds is the row's part.
  for (const part of ['test', 'validation'] as const) {
    const boundary = boundaries[part]
    if (boundary === undefined) continue
    cases.push(`WHEN ${time} >= TIMESTAMP '${boundary}' THEN '${part}'`)
    if (gap !== '') cases.push(`WHEN ${time} >= TIMESTAMP '${boundary}'${gap} THEN 'gap'`)
  }
  return {
    sql: `SELECT *, CASE ${cases.join(' ')} ELSE 'train' END AS devmlops_part FROM devmlops_rows`,
    boundaries,
  }
}

/** The same share of each stratum, in the order of a hash; rows that are the same stay together. */
function byStratum(rule: Extract<SplitRule, { by: 'stratum' }>, columns: readonly SourceColumn[]): string {
  const strata = rule.column.map(quoteName).join(', ')
  const key = rule.key ?? columns.map(({ name }) => name)
  // The middle of a row's place, so that a stratum of one row is learned from.
  const position = 'rank() OVER of_stratum - 0.5'
  const share = `(${position}) / count(*) OVER (PARTITION BY ${strata})`
  return `SELECT * EXCLUDE (devmlops_hash, devmlops_at), ${partOfShare('devmlops_at', rule)} AS devmlops_part
    FROM (SELECT *, ${share} AS devmlops_at FROM (SELECT *, ${hashShare(key, columns, rule.seed)} AS devmlops_hash FROM devmlops_rows)
    WINDOW of_stratum AS (PARTITION BY ${strata} ORDER BY devmlops_hash))`
}

/** Test has the low end of [0, 1) and validation the high end: a part that grows takes rows from `train` alone. */
function partOfShare(
  at: string,
  { test = 0, validation = 0 }: { test?: number | undefined; validation?: number | undefined },
): string {
  const cases = [
    ...(test === 0 ? [] : [`WHEN ${at} < ${test} THEN 'test'`]),
    ...(validation === 0 ? [] : [`WHEN ${at} >= ${1 - validation} THEN 'validation'`]),
  ]
  return `CASE ${cases.join(' ')} ELSE 'train' END`
}

/**
 * A number in [0, 1) from a key. MD5, because DuckDB's own hash may change from one version to the next, and then a row
 * that was tested on would be learned from.
 */
function hashShare(key: readonly string[], columns: readonly SourceColumn[], seed: number): string {
  const cells = key.map((name) => `coalesce(${textOf(name, columns)}, chr(0))`)
  return `md5_number_lower(concat_ws(chr(31), '${seed}', ${cells.join(', ')})) / 18446744073709551616.0`
}

/** Whole numbers are written alike whatever their type: a column that turns from integer to decimal moves no row. */
function textOf(name: string, columns: readonly SourceColumn[]): string {
  const column = quoteName(name)
  const type = columns.find((candidate) => candidate.name === name)?.type ?? ''
  if (!/^(FLOAT|DOUBLE|DECIMAL)/.test(type)) return `CAST(${column} AS VARCHAR)`
  const number = `CAST(${column} AS DOUBLE)`
  return `CASE WHEN isfinite(${number}) AND ${number} = trunc(${number}) AND abs(${number}) < 9e15 THEN CAST(CAST(${number} AS BIGINT) AS VARCHAR) ELSE CAST(${number} AS VARCHAR) END`
}

async function refuseMissing(
  tables: Tables,
  { label, columns }: { label: string; columns: readonly string[] },
): Promise<void> {
  for (const column of columns) {
    const [row] = await tables.rows(
      `SELECT count(*) AS missing FROM devmlops_rows WHERE ${quoteName(column)} IS NULL`,
    )
    const missing = Number(row?.['missing'] ?? 0)
    if (missing === 0) continue
    fail(
      'invalid_input',
      `"${column}" is missing in ${formatCount(missing)} rows of ${label}, so they have no part.`,
      {
        hint: 'Leave those rows out in the step before, or split by another column.',
        at: column,
      },
    )
  }
}

async function report(
  tables: Tables,
  { rule, label, columns, boundaries }: Assigning & Pick<Assignment, 'boundaries'>,
): Promise<SplitReport> {
  const counted = await tables.rows(
    'SELECT devmlops_part AS part, count(*) AS rows FROM devmlops_split GROUP BY 1',
  )
  const rowsOf = (part: string): number => Number(counted.find((row) => row['part'] === part)?.['rows'] ?? 0)
  const parts = partsOf(rule).map((part) => ({ part, rows: rowsOf(part) }))
  const empty = parts.find(({ rows }) => rows === 0)
  if (empty !== undefined) {
    const shown = Object.entries(boundaries).map(([part, from]) => `${part} from ${from}`)
    fail('invalid_input', `The split of ${label} leaves the part "${empty.part}" empty.`, {
      hint: `Rows: ${parts.map(({ part, rows }) => `${part} ${formatCount(rows)}`).join(', ')}${shown.length === 0 ? '' : `; ${shown.join(', ')}`}.`,
      at: empty.part,
    })
  }
  const sharedRows = await countShared(tables, rule, columns)
  return {
    rows: counted.reduce((sum, row) => sum + Number(row['rows']), 0),
    parts,
    gapRows: rowsOf('gap'),
    boundaries,
    sharedRows,
    notes:
      sharedRows === 0
        ? []
        : [
            `${formatCount(sharedRows)} rows of train occur again in a part that is judged on, alike but for ${namesOfRow(rule).join(', ')}.`,
          ],
  }
}

/** What tells rows apart by itself, and says nothing about them. */
function namesOfRow(rule: SplitRule): readonly string[] {
  return rule.by === 'stratum' ? (rule.key ?? []) : [rule.column].flat()
}

async function countShared(
  tables: Tables,
  rule: SplitRule,
  columns: readonly SourceColumn[],
): Promise<number> {
  const told = columns.filter(({ name }) => !namesOfRow(rule).includes(name))
  if (told.length === 0) return 0
  const hash = `hash(${told.map(({ name }) => quoteName(name)).join(', ')})`
  const shared = requireRow(
    await tables.rows(
      `SELECT count(*) AS rows FROM devmlops_split WHERE devmlops_part = 'train' AND ${hash} IN
       (SELECT ${hash} FROM devmlops_split WHERE devmlops_part IN ('validation', 'test'))`,
    ),
  )
  return Number(shared['rows'])
}
