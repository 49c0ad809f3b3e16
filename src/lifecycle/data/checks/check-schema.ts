import { nearestName } from '#platform/nearest-name'
import type { TypeMismatch } from '../sources/arriving-file.ts'
import type { Column, ColumnType } from '../rows/column-type.ts'
import { describeCheck } from './describe-check.ts'
import type { CheckOf } from './expectation.ts'
import { isAssignable } from '../rows/load-arrival.ts'
import type { CheckResult, Sample } from './validation.ts'

export interface SchemaFacts {
  readonly columns: readonly Column[]
  readonly mismatches: readonly TypeMismatch[]
}

/** The columns of an arrival against those that the project lists. */
export function checkSchema(check: CheckOf<'schema'>, facts: SchemaFacts): CheckResult {
  const expected = new Map<string, ColumnType>(Object.entries(check.columns))
  const problems = compareColumns(expected, facts, check.extraColumns === 'refuse')
  return {
    kind: 'schema',
    columns: [...expected.keys()],
    expected: describeCheck(check),
    ...(check.why === undefined ? {} : { why: check.why }),
    severity: check.severity,
    outcome: problems.length === 0 ? 'pass' : 'fail',
    found: problems.length === 0 ? `all ${expected.size} columns` : problems.join('; '),
    samples: samplesOf(facts.mismatches, expected),
  }
}

/**
 * The columns of an arrival against the version that it would be appended to: parts of one version must read as one
 * table. Missing and new columns are left to the project's own list where it has one.
 */
export function checkAgainstParent(
  parent: { readonly version: number; readonly columns: readonly Column[] },
  facts: SchemaFacts,
  { typesOnly }: { typesOnly: boolean },
): CheckResult {
  const expected = new Map(parent.columns.map(({ name, type }) => [name, type]))
  const present = new Map(
    [...expected].filter(([name]) => facts.columns.some((column) => column.name === name)),
  )
  const problems = compareColumns(typesOnly ? present : expected, facts, !typesOnly)
  return {
    kind: 'schema',
    columns: [...expected.keys()],
    expected:
      parent.version === 0
        ? 'the columns of the files before, which the rows are appended to'
        : `the columns of version ${parent.version}, which the rows are appended to`,
    severity: 'fail',
    outcome: problems.length === 0 ? 'pass' : 'fail',
    found: problems.length === 0 ? `the same columns` : problems.join('; '),
    samples: samplesOf(facts.mismatches, expected),
  }
}

const shownNames = 8

function compareColumns(
  expected: ReadonlyMap<string, ColumnType>,
  { columns, mismatches }: SchemaFacts,
  refuseExtra: boolean,
): string[] {
  const found = new Map(columns.map((column) => [column.name, column]))
  const extra = columns.filter(({ name }) => !expected.has(name)).map(({ name }) => name)
  const problems: string[] = []
  for (const [name, type] of expected) {
    const column = found.get(name)
    if (column === undefined) {
      const near = nearestName(name, extra)
      problems.push(`column "${name}" is missing${near === undefined ? '' : ` (there is "${near}")`}`)
      continue
    }
    const mismatch = mismatches.find((one) => one.column === name)
    if (mismatch !== undefined) problems.push(mismatchWords(mismatch, type))
    else if (!isAssignable(column.type, type)) {
      problems.push(`column "${name}" is ${column.type}, expected ${type}`)
    }
  }
  if (refuseExtra && extra.length > 0) {
    const shown = extra.slice(0, shownNames).map((name) => `"${name}"`)
    const names = `${shown.join(', ')}${extra.length > shownNames ? ` and ${extra.length - shownNames} more` : ''}`
    problems.push(
      extra.length === 1 ? `column ${names} is not expected` : `columns ${names} are not expected`,
    )
  }
  return problems
}

function mismatchWords({ column, file, found, unexpected, samples }: TypeMismatch, type: ColumnType): string {
  const [first] = samples
  if (unexpected === undefined || first === undefined) {
    return `column "${column}" of ${file} is ${found}, expected ${type}`
  }
  const values = unexpected === 1 ? '1 value is' : `${unexpected} values are`
  return `column "${column}": ${values} no ${type}, such as ${JSON.stringify(first.value)} in row ${first.row} of ${file}`
}

function samplesOf(mismatches: readonly TypeMismatch[], expected: ReadonlyMap<string, ColumnType>): Sample[] {
  return mismatches
    .filter(({ column }) => expected.has(column))
    .flatMap(({ column, file, samples }) =>
      samples.map(({ row, value }) => ({ row, file, values: { [column]: value } })),
    )
}
