import { messageOf } from '#contract/errors'
import { quoteName, requireRow, type Row, type Tables } from '#platform/tables/index'
import { checkAgainstParent, checkSchema, type SchemaFacts } from './check-schema.ts'
import { columnsOf, compileCheck, type CompiledCheck, type TableCheck } from './compile-check.ts'
import type { Column } from '../rows/column-type.ts'
import { describeCheck } from './describe-check.ts'
import type { Check } from './expectation.ts'
import { judgeKeys, judgeRows, judgeValue, type Judgement } from './judge-check.ts'
import { isOfTheMachine } from '../rows/read-failure.ts'
import { createSampler, type Sampler } from './sample-rows.ts'
import { outcomeOf, type CheckResult, type Validation } from './validation.ts'

export interface ValidateOptions extends SchemaFacts {
  readonly checks: readonly Check[]
  /** The version that the rows would be appended to. */
  readonly parent: { readonly version: number; readonly columns: readonly Column[] } | undefined
  readonly files: readonly { readonly name: string; readonly rows: number }[]
  readonly key: readonly string[]
  readonly warnings: readonly string[]
  readonly now: number
}

interface Compiled {
  readonly check: TableCheck
  readonly compiled: CompiledCheck
  readonly index: number
}

/**
 * Checks the view `arrival`: one scan for all checks of rows and values, and one query for each check of uniqueness
 * (over `all_rows`, the version as it would be) and each custom query.
 */
export async function validate(tables: Tables, options: ValidateOptions): Promise<Validation> {
  const { checks, columns, warnings } = options
  const schemaResults = checksOfColumns(options)
  const tableChecks = checks.filter((check): check is TableCheck => check.kind !== 'schema')
  const compiled: Compiled[] = []
  for (const [index, check] of tableChecks.entries()) {
    const problem = await patternProblem(tables, check)
    const shape = problem ?? compileCheck(check, columns)
    compiled.push({ check, index, compiled: shape })
  }
  const scanned = await scan(tables, compiled, columns)
  const sampler = createSampler(tables, options)
  const results: CheckResult[] = []
  for (const one of compiled) {
    const judgement = await judge(tables, one, { scanned, now: options.now })
    results.push(await resultOf(one, judgement, sampler))
  }
  const all = [...schemaResults, ...results]
  return { outcome: outcomeOf(all, warnings), rows: scanned.rows, checks: all, warnings: [...warnings] }
}

function checksOfColumns({ checks, parent, ...facts }: ValidateOptions): CheckResult[] {
  const written = checks.filter((check) => check.kind === 'schema')
  const results = written.map((check) => checkSchema(check, facts))
  if (parent === undefined) return results
  const against = checkAgainstParent(parent, facts, { typesOnly: written.length > 0 })
  // What the project's own list has said need not be said twice.
  return written.length > 0 && against.outcome === 'pass' ? results : [...results, against]
}

/** RE2 has no look-around and no back references; a pattern with them is a mistake of the check, not of the rows. */
async function patternProblem(tables: Tables, check: TableCheck): Promise<CompiledCheck | undefined> {
  if (check.kind !== 'matches') return undefined
  try {
    await tables.rows(`SELECT regexp_matches('', $1)`, [check.pattern])
    return undefined
  } catch (error) {
    const reason = messageOf(error).replace(/^.*Error: /, '')
    const hint = 'patterns are RE2: without look-around and back references'
    return { shape: 'error', reason: `the pattern /${check.pattern}/ cannot be used: ${reason} (${hint})` }
  }
}

interface Scanned {
  readonly rows: number
  readonly values: Row
  /** Checks whose expressions could not be computed, by index. */
  readonly broken: ReadonlyMap<number, string>
}

async function scan(
  tables: Tables,
  compiled: readonly Compiled[],
  columns: readonly Column[],
): Promise<Scanned> {
  // Decoding every value once proves that no page of a Parquet file is damaged.
  const decode = `max(hash(${columns.map(({ name }) => quoteName(name)).join(', ')})) AS decoded`
  const base = ['count(*) AS rows', decode]
  const read = async (aggregates: readonly string[]): Promise<Row> =>
    requireRow(await tables.rows(`SELECT ${[...base, ...aggregates].join(', ')} FROM arrival`))
  const all = compiled.flatMap(aggregatesOf)
  try {
    const values = await read(all)
    return { rows: Number(values['rows']), values, broken: new Map() }
  } catch (error) {
    if (isOfTheMachine(error)) throw error
  }
  // Either the rows cannot be read, which fails here, or a check cannot be computed, which is found by trying each.
  let values = await read([])
  const broken = new Map<number, string>()
  for (const one of compiled) {
    try {
      values = { ...values, ...(await read(aggregatesOf(one))) }
    } catch (error) {
      if (isOfTheMachine(error)) throw error
      broken.set(one.index, messageOf(error))
    }
  }
  return { rows: Number(values['rows']), values, broken }
}

function aggregatesOf({ compiled, index }: Compiled): string[] {
  if (compiled.shape === 'value') return [`${compiled.value} AS c${index}_value`]
  if (compiled.shape !== 'rows') return []
  const { considered, unexpected, isNaN } = compiled
  return [
    `count(*) FILTER (WHERE ${considered}) AS c${index}_considered`,
    `count(*) FILTER (WHERE ${considered} AND ${unexpected}) AS c${index}_unexpected`,
    ...(isNaN === undefined ? [] : [`count(*) FILTER (WHERE ${isNaN}) AS c${index}_nan`]),
  ]
}

async function judge(
  tables: Tables,
  { check, compiled, index }: Compiled,
  { scanned, now }: { scanned: Scanned; now: number },
): Promise<Judgement> {
  const reason = scanned.broken.get(index)
  if (reason !== undefined) return { outcome: 'error', found: `it could not be computed: ${reason}` }
  switch (compiled.shape) {
    case 'error':
      return { outcome: 'error', found: compiled.reason }
    case 'value':
      return judgeValue(check, scanned.values[`c${index}_value`] ?? null, now)
    case 'rows':
      return judgeRows(check, {
        considered: Number(scanned.values[`c${index}_considered`]),
        unexpected: Number(scanned.values[`c${index}_unexpected`]),
        notANumber: Number(scanned.values[`c${index}_nan`] ?? 0),
      })
    case 'keys':
    case 'query':
      return judgeKeys(tables, check, { compiled, rows: scanned.rows })
  }
}

async function resultOf(
  { check, compiled }: Compiled,
  judgement: Judgement,
  sampler: Sampler,
): Promise<CheckResult> {
  const unexpected = judgement.unexpected ?? 0
  return {
    kind: check.kind,
    columns: [...columnsOf(check)],
    expected: describeCheck(check),
    ...(check.why === undefined ? {} : { why: check.why }),
    severity: check.severity,
    ...('mostly' in check && check.mostly < 1 ? { mostly: check.mostly } : {}),
    ...judgement,
    samples: unexpected > 0 ? await sampler.rowsOf(compiled, columnsOf(check)) : [],
  }
}
