import { DevmlopsError } from '#contract/errors'
import { quoteName, type Tables } from '#platform/tables/index'
import type { ArrivingFile } from '../sources/arriving-file.ts'
import type { Column, ColumnType } from '../rows/column-type.ts'
import { applyContract, type KnownColumns } from '../quarantine/apply-contract.ts'
import { allAside, withQuarantine } from '../quarantine/quarantine-words.ts'
import type { Scratch } from '../quarantine/scratch.ts'
import { setRowsAside, type NewQuarantine } from '../quarantine/set-rows-aside.ts'
import type { Rejection } from './dataset-version.ts'
import { checksOf, type Check } from '../checks/expectation.ts'
import { loadArrival, type LoadedArrival } from '../rows/load-arrival.ts'
import { explainReadFailure } from '../rows/read-failure.ts'
import { relationOf, type LocalPart } from '../rows/relation.ts'
import type { DatasetConfig } from '../section.ts'
import type { Refused } from '../checks/failures/keep-failures.ts'
import type { References } from '../checks/references.ts'
import { validate } from '../checks/validate.ts'
import type { CheckResult, Validation } from '../checks/validation.ts'
import { maskMismatch, maskValidation } from '../personal/mask-validation.ts'
import { hidesAnything, type Masking } from '../personal/masking.ts'
import { scrubText } from '../personal/scrub-text.ts'

export interface ArrivalRequest {
  readonly dataset: string
  readonly config: DatasetConfig
  readonly files: readonly ArrivingFile[]
  /** What the rows would be appended to; empty for the first version and where everything is replaced. */
  readonly existing: {
    readonly version: number
    readonly columns: readonly Column[]
    readonly parts: readonly LocalPart[]
  }
  /** The columns that the dataset has, also where its rows are replaced; undefined for the first version. */
  readonly before?: KnownColumns | undefined
  readonly now: number
  /** For files that come about on the way. */
  readonly scratch: Scratch
  /** The tables that checks compare with. */
  readonly references?: References
  /** Looks at the rows for which files are refused while they are at hand. */
  readonly onRefused?: (tables: Tables, refused: Refused) => Promise<void>
  /** What of the rows may be told. */
  readonly masking: Masking
}

export type Verdict =
  | {
      readonly accepted: true
      readonly loaded: LoadedArrival
      readonly validation: Validation
      readonly quarantine: NewQuarantine | undefined
    }
  | ({ readonly accepted: false; readonly validation: Validation | null } & Pick<
      Rejection,
      'code' | 'message' | 'hint'
    >)

/** Reads files and judges their rows. Leaves the rows behind as the view `arrival`, with the others as `all_rows`. */
export async function judgeArrival(tables: Tables, request: ArrivalRequest): Promise<Verdict> {
  const { config, files, existing } = request
  const before = columnsBefore(request)
  try {
    const declared = declaredTypes(config)
    const expected = new Map<string, ColumnType>([
      ...(before?.columns ?? []).map(({ name, type }) => [name, type] as const),
      ...declared,
    ])
    const offered = await loadArrival(tables, files, { nulls: config.nulls, expected })
    const applied =
      config.contract === undefined
        ? { ...offered, rules: [], warnings: [], parent: before }
        : applyContract({ contract: config.contract, before, declared, loaded: offered })
    const { loaded, quarantine } = await setRowsAside(tables, {
      loaded: { ...offered, warnings: [...offered.warnings, ...applied.warnings] },
      applied,
      checks: checksOf(config),
      references: request.references,
      now: request.now,
      scratch: request.scratch,
      prepare: () => createViews(tables, request.dataset, { ...existing, config }),
    })
    if (quarantine !== undefined && loaded.rows === 0) return allAside(files, quarantine)
    const judged = await validateLoaded(tables, { ...request, before: applied.parent }, loaded)
    const validation = withQuarantine(judged, quarantine)
    if (validation.outcome !== 'fail') return { accepted: true, loaded, validation, quarantine }
    await request.onRefused?.(tables, {
      ...checkedRows(request, loaded),
      results: validation.checks,
    })
    const names = files.map(({ name }) => name)
    return { accepted: false, validation, code: 'validation_failed', ...refusal(names, validation) }
  } catch (error) {
    if (!(error instanceof DevmlopsError) || error.code !== 'unreadable_data') throw error
    const { hint } = error
    const message = hidesAnything(request.masking)
      ? scrubText(error.message, new Set([...Object.keys(config.columns), ...files.map(({ name }) => name)]))
      : error.message
    const reason = { code: 'unreadable_data', message, ...(hint === undefined ? {} : { hint }) } as const
    return { accepted: false, validation: null, ...reason }
  }
}

/** Replaced rows are compared with what was before only where a contract says so. */
function columnsBefore({ existing, before, config }: ArrivalRequest): KnownColumns | undefined {
  if (existing.parts.length > 0) return existing
  return config.contract === undefined ? undefined : before
}

function declaredTypes({ expectations }: DatasetConfig): Map<string, ColumnType> {
  return new Map(
    expectations.flatMap((expectation) =>
      'schema' in expectation ? Object.entries(expectation.schema) : [],
    ),
  )
}

/** What the checks are held against. */
function checkedRows(
  { config, now, references }: Pick<ArrivalRequest, 'config' | 'now' | 'references'>,
  { columns, files }: LoadedArrival,
): Omit<Refused, 'results'> {
  return {
    checks: checksOf(config),
    columns,
    files: files.map(({ file, rows }) => ({ name: file.name, rows })),
    key: config.key,
    now,
    ...(references === undefined ? {} : { references }),
  }
}

/** Judges rows that `arrival` gives already. */
export async function validateLoaded(
  tables: Tables,
  { dataset, config, existing, before, now, files, masking, references }: Omit<ArrivalRequest, 'scratch'>,
  loaded: LoadedArrival,
): Promise<Validation> {
  await createViews(tables, dataset, { ...existing, config })
  try {
    const validation = await validate(tables, {
      checks: checksOf(config).filter((check) => !isSettledByUpsert(check, config)),
      columns: loaded.columns,
      mismatches: loaded.mismatches.map((mismatch) => maskMismatch(masking, mismatch)),
      parent: before,
      files: loaded.files.map(({ file, rows }) => ({ name: file.name, rows })),
      key: config.key,
      warnings: loaded.warnings,
      now,
      ...(references === undefined ? {} : { references }),
    })
    // Before anything of it is stored, told in a sentence or sent as an event.
    return maskValidation(
      masking,
      validation,
      loaded.columns.map(({ name }) => name),
    )
  } catch (error) {
    throw explainReadFailure(error, files.map(({ name }) => name).join(', '))
  }
}

async function createViews(
  tables: Tables,
  dataset: string,
  {
    columns,
    parts,
    config,
  }: Pick<ArrivalRequest['existing'], 'columns' | 'parts'> & Pick<ArrivalRequest, 'config'>,
): Promise<void> {
  const before = parts.length === 0 ? '' : `SELECT * FROM ${relationOf(columns, parts)} UNION ALL BY NAME `
  const rows =
    config.mode === 'upsert' && parts.length > 0
      ? `SELECT * EXCLUDE ("round#") FROM (SELECT *, 0 AS "round#" FROM ${relationOf(columns, parts)}
           UNION ALL BY NAME SELECT *, 1 AS "round#" FROM arrival)
         QUALIFY row_number() OVER (PARTITION BY ${config.key.map(quoteName).join(', ')} ORDER BY "round#" DESC) = 1`
      : `${before}SELECT * FROM arrival`
  await tables.run(`CREATE OR REPLACE TEMP VIEW all_rows AS ${rows}`)
  const taken = ['arrival', 'arrival_rows', 'all_rows']
  if (taken.includes(dataset.toLowerCase())) return
  await tables.run(`CREATE OR REPLACE TEMP VIEW ${quoteName(dataset)} AS SELECT * FROM all_rows`)
}

/** Rows of one key replace each other, so that there is never more than one; to count them is a scan of everything. */
function isSettledByUpsert(check: Check, { mode, key }: DatasetConfig): boolean {
  return mode === 'upsert' && check.kind === 'unique' && check.columns.join('\n') === key.join('\n')
}

const toldChecks = 3

/** What kept the rows out, in a sentence. */
export function refusal(names: readonly string[], { checks }: Validation): { message: string; hint: string } {
  const missed = checks.filter(({ outcome, severity }) => outcome !== 'pass' && severity === 'fail')
  const [first, ...others] = names
  const subject = others.length === 0 ? first : `${names.length} files`
  const told = missed.slice(0, toldChecks).map(tell)
  const more = missed.length > toldChecks ? `; and ${missed.length - toldChecks} more` : ''
  const count = `${missed.length} of ${checks.length} expectation${checks.length === 1 ? '' : 's'}`
  return {
    message: `${subject} does not meet ${count}: ${told.join('; ')}${more}.`,
    hint: 'Correct the data and add it again, or change the expectation in devmlops.yaml if the data is right.',
  }
}

function tell({ expected, found, samples, kind }: CheckResult): string {
  if (kind === 'schema') return found
  const row = samples[0]?.row
  return `${expected}: ${found}${row === undefined ? '' : `, the first in row ${row}`}`
}
