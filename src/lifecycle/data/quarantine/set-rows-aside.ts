import { quoteName, quoteText, requireRow, type Tables } from '#platform/tables/index'
import type { Check } from '../checks/expectation.ts'
import { setAsideRows } from '../checks/set-aside-rows.ts'
import type { References } from '../checks/references.ts'
import type { LoadedArrival } from '../rows/load-arrival.ts'
import type { ArrivingFile } from '../sources/arriving-file.ts'
import { inspectFile } from '../sources/inspect-file.ts'
import type { Quarantine } from '../sources/source-store.ts'
import type { AppliedContract } from './apply-contract.ts'
import type { Scratch } from './scratch.ts'

/** Rows that were kept out, as a file on its way into the store. */
export interface NewQuarantine extends Pick<Quarantine, 'digest' | 'rows' | 'sizeBytes' | 'reasons'> {
  readonly path: string
  readonly name: string
}

export interface SettingAside {
  readonly loaded: LoadedArrival
  readonly applied: AppliedContract
  readonly checks: readonly Check[]
  readonly references: References | undefined
  readonly now: number
  readonly scratch: Scratch
  /** Makes `all_rows` of what `arrival` gives now. */
  prepare(): Promise<void>
}

export interface SetAsideOutcome {
  /** With the accepted rows alone, where any were kept out. */
  readonly loaded: LoadedArrival
  readonly quarantine: NewQuarantine | undefined
}

/**
 * Takes out of the view `arrival` the rows that the contract or a check of severity `quarantine` keeps out. They become a
 * Parquet file with the file and row they came from and the reasons; what stays becomes one too, since the user's own file
 * has rows that are not in the version. Without such a row nothing is written.
 */
export async function setRowsAside(tables: Tables, request: SettingAside): Promise<SetAsideOutcome> {
  const { loaded, applied, checks } = request
  const hasChecks = checks.some(({ severity }) => severity === 'quarantine')
  const unchanged = {
    loaded: { ...loaded, columns: applied.columns, mismatches: applied.mismatches },
    quarantine: undefined,
  }
  if (applied.rules.length === 0 && !hasChecks) return unchanged
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE offered_rows AS SELECT row_number() OVER () AS "row#", * FROM arrival`,
  )
  await tables.run(
    'CREATE OR REPLACE TEMP TABLE kept_aside ("row#" BIGINT, "column" VARCHAR, value VARCHAR, rule VARCHAR)',
  )
  for (const { column, rule, condition, isThere } of applied.rules) {
    const value = isThere ? `CAST(${quoteName(column)} AS VARCHAR)` : 'NULL'
    await tables.run(
      `INSERT INTO kept_aside SELECT "row#", $1, ${value}, $2 FROM offered_rows WHERE ${condition}`,
      [column, rule],
    )
  }
  await acceptRest(tables, applied)
  if (hasChecks) {
    await request.prepare()
    const { rows } = await setAsideRows(tables, {
      checks,
      columns: applied.columns,
      now: request.now,
      ...(request.references === undefined ? {} : { references: request.references }),
    })
    if (rows > 0) {
      await tables.run(
        `INSERT INTO kept_aside SELECT places."row#", aside.columns, NULL, aside.reason FROM set_aside_rows aside
         JOIN (SELECT "row#", row_number() OVER (ORDER BY "row#") AS place FROM accepted_rows) places
         ON aside."row#" = places.place`,
      )
      await acceptRest(tables, applied)
    }
  }
  const { aside } = requireRow(await tables.rows('SELECT count(DISTINCT "row#") AS aside FROM kept_aside'))
  if (aside === 0) return unchanged
  return write(tables, { ...request, aside: Number(aside) })
}

/** `arrival` from here on: the rows that nobody has kept out yet, in their types and their order. */
async function acceptRest(tables: Tables, { columns }: AppliedContract): Promise<void> {
  const typed = columns.map(
    ({ name, sqlType }) => `CAST(${quoteName(name)} AS ${sqlType}) AS ${quoteName(name)}`,
  )
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE accepted_rows AS SELECT "row#", ${typed.join(', ')} FROM offered_rows
     ANTI JOIN kept_aside USING ("row#") ORDER BY "row#"`,
  )
  await tables.run('CREATE OR REPLACE TEMP VIEW arrival AS SELECT * EXCLUDE ("row#") FROM accepted_rows')
}

async function write(tables: Tables, request: SettingAside & { aside: number }): Promise<SetAsideOutcome> {
  const { loaded, applied, scratch, aside } = request
  const [kept, quarantined] = [await scratch.path(), await scratch.path()]
  await tables.run(
    `COPY (SELECT * FROM arrival) TO ${quoteText(kept)} (FORMAT parquet, COMPRESSION uncompressed)`,
  )
  await tables.run(
    `COPY (SELECT ${placeOf(loaded)}, reasons AS devmlops_reasons, rows.* EXCLUDE ("row#")
           FROM offered_rows rows JOIN (
             SELECT "row#", list({'column': "column", 'value': value, 'rule': rule} ORDER BY rule, "column") AS reasons
             FROM kept_aside GROUP BY "row#"
           ) why ON rows."row#" = why."row#" ORDER BY rows."row#")
     TO ${quoteText(quarantined)} (FORMAT parquet, COMPRESSION uncompressed)`,
  )
  const name = loaded.files.length === 1 ? (loaded.files[0]?.file.name ?? '') : `${loaded.files.length} files`
  const facts = await inspectFile(kept, name, { isText: false, compressed: false })
  const asideFacts = await inspectFile(quarantined, name, { isText: false, compressed: false })
  const reasons = await tables.rows(
    `SELECT rule, "column", count(DISTINCT "row#") AS rows FROM kept_aside GROUP BY ALL ORDER BY rows DESC, rule`,
  )
  const file: ArrivingFile = {
    name,
    path: kept,
    format: 'parquet',
    compressed: false,
    facts,
    originals: loaded.files.flatMap(({ file: own }) => own.originals ?? [originalOf(own)]),
  }
  const rows = loaded.rows - aside
  return {
    loaded: {
      columns: applied.columns,
      mismatches: applied.mismatches,
      rows,
      files: [{ file, rows, reading: { format: 'parquet' } }],
      warnings: loaded.warnings,
    },
    quarantine: {
      path: quarantined,
      name,
      digest: asideFacts.digest,
      sizeBytes: asideFacts.sizeBytes,
      rows: aside,
      reasons: reasons.map((reason) => ({
        rule: reason['rule'] as string,
        column: reason['column'] as string,
        rows: Number(reason['rows']),
      })),
    },
  }
}

function originalOf({ name, path, facts }: ArrivingFile) {
  return { name, path, digest: facts.digest, sizeBytes: facts.sizeBytes }
}

/** The file of a row and its place there, from its place among the rows of all files. */
function placeOf({ files }: LoadedArrival): string {
  let before = 0
  const names: string[] = []
  const starts: string[] = []
  for (const { file, rows } of files) {
    const isIn = `rows."row#" <= ${before + rows}`
    names.push(`WHEN ${isIn} THEN ${quoteText(file.name)}`)
    starts.push(`WHEN ${isIn} THEN ${before}`)
    before += rows
  }
  return `CASE ${names.join(' ')} END AS devmlops_file, rows."row#" - CASE ${starts.join(' ')} END AS devmlops_row`
}
