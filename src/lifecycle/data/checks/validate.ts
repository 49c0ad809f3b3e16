import type { Tables } from '#platform/tables/index'
import { checkAgainstParent, checkSchema, type SchemaFacts } from './check-schema.ts'
import { checkProblem } from './check-problem.ts'
import { compileCheck, type CheckedTable, type PreparedCheck, type TableCheck } from './compile-check.ts'
import { columnsOf } from './named-columns.ts'
import { describeCheck } from './describe-check.ts'
import type { Check } from './expectation.ts'
import type { Judgement } from './judgement.ts'
import { noReferences, type References } from './references.ts'
import { aggregatesOf, runCheck } from './run-check.ts'
import { createSampler, type FilePlace, type Sampler } from './sample-rows.ts'
import { scan } from './scan.ts'
import { outcomeOf, type CheckResult, type Validation } from './validation.ts'

/** These are answered by what a Parquet file says about itself. */
const countedOnly = new Set<Check['kind']>([
  'not_null',
  'is_null',
  'presence',
  'min',
  'max',
  'more_than_one_value',
])

export interface ValidateOptions extends SchemaFacts {
  readonly checks: readonly Check[]
  /** The version that the rows would be appended to. */
  readonly parent: { readonly version: number; readonly columns: SchemaFacts['columns'] } | undefined
  readonly files: readonly FilePlace[]
  readonly key: readonly string[]
  readonly warnings: readonly string[]
  readonly now: number
  /** The tables that checks compare with. */
  readonly references?: References | undefined
}

/**
 * Checks the view `arrival`: one scan for all checks of rows and values, and one query for each check that needs more than
 * a row: uniqueness (over `all_rows`, the version as it would be), another table, an order, a distribution, or the user's
 * own SQL.
 */
export async function validate(tables: Tables, options: ValidateOptions): Promise<Validation> {
  const { warnings, columns } = options
  const schemaResults = checksOfColumns(options)
  const prepared = await prepareChecks(tables, options)
  const requests = prepared.map((one, index) => ({
    index,
    aggregates: aggregatesOf(one),
    reads: countedOnly.has(one.check.kind) ? [] : columnsOf(one.check),
  }))
  const scanned = await scan(
    tables,
    requests.filter(({ aggregates }) => aggregates.length > 0),
    columns,
  )
  const sampler = createSampler(tables, options)
  const results: CheckResult[] = []
  for (const [index, one] of prepared.entries()) {
    const reason = scanned.broken.get(index)
    const judgement: Judgement =
      reason === undefined ? await runCheck(tables, one, scanned) : { outcome: 'error', found: reason }
    results.push(await resultOf(one, judgement, sampler))
  }
  const all = [...schemaResults, ...results]
  return { outcome: outcomeOf(all, warnings), rows: scanned.rows, checks: all, warnings: [...warnings] }
}

/** The checks of the rows as SQL over `arrival`; a mistake in a check itself is found here. */
export async function prepareChecks(
  tables: Tables,
  {
    checks,
    columns,
    now,
    references = noReferences,
  }: Pick<ValidateOptions, 'checks' | 'columns' | 'now' | 'references'>,
): Promise<PreparedCheck[]> {
  const table: CheckedTable = { columns, now, referenced: references }
  const prepared: PreparedCheck[] = []
  for (const check of checks) {
    if (check.kind === 'schema') continue
    prepared.push(await prepare(tables, check, table))
  }
  return prepared
}

async function prepare(tables: Tables, check: TableCheck, table: CheckedTable): Promise<PreparedCheck> {
  const one = compileCheck(check, table)
  const problem = await checkProblem(tables, check)
  return problem === undefined ? one : { ...one, compiled: { shape: 'error', reason: problem } }
}

function checksOfColumns({ checks, parent, ...facts }: ValidateOptions): CheckResult[] {
  const written = checks.filter((check) => check.kind === 'schema')
  const results = written.map((check) => checkSchema(check, facts))
  if (parent === undefined) return results
  const against = checkAgainstParent(parent, facts, { typesOnly: written.length > 0 })
  // What the project's own list has said need not be said twice.
  return written.length > 0 && against.outcome === 'pass' ? results : [...results, against]
}

async function resultOf(
  prepared: PreparedCheck,
  { severity, ...judgement }: Judgement,
  sampler: Sampler,
): Promise<CheckResult> {
  const { check } = prepared
  const { unexpected = 0, considered, total } = judgement
  return {
    kind: check.kind,
    columns: [...columnsOf(check)],
    expected: describeCheck(check),
    ...(check.why === undefined ? {} : { why: check.why }),
    severity: severity ?? check.severity,
    ...(check.mostly !== undefined && check.mostly < 1 ? { mostly: check.mostly } : {}),
    ...judgement,
    ...(considered === undefined ? {} : { percentOfConsidered: percentOf(unexpected, considered) }),
    ...(total === undefined ? {} : { percentOfTotal: percentOf(unexpected, total) }),
    // Looking for rows at fault where there are none would read them all for nothing.
    samples: unexpected > 0 ? await sampler.rowsOf(prepared) : [],
  }
}

function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : (part / whole) * 100
}
