import type { Tables } from '#platform/tables/index'
import { describeCheck } from '../checks/describe-check.ts'
import { checksOf, type Check } from '../checks/expectation.ts'
import type { CheckResult, Validation } from '../checks/validation.ts'
import { ruleOf, type Masking } from '../personal/masking.ts'
import { columnTypeOf } from '../rows/column-type.ts'
import type { DatasetConfig } from '../section.ts'
import { correctCheck } from './correct-check.ts'
import type { Correction } from './suite-proposal.ts'

interface Written {
  readonly index: number
  readonly check: Check
  readonly together: readonly string[]
}

/** For each check that the view `arrival` does not meet, the change of its expectation; what has none is left over. */
export async function correctSuite(
  tables: Tables,
  { config, validation, masking }: { config: DatasetConfig; validation: Validation; masking: Masking },
): Promise<{ corrections: Correction[]; left: string[] }> {
  const described = await tables.columns('SELECT * FROM arrival')
  const columns = described.map(({ name, type }) => ({ name, type: columnTypeOf(type), sqlType: type }))
  const written = writtenChecks(config)
  const corrections: Correction[] = []
  const left: string[] = []
  for (const result of validation.checks) {
    if (result.outcome === 'pass') continue
    const found = written.get(keyOf(result.kind, result.expected))
    if (found === undefined) {
      left.push(tell(result, 'it is no expectation of the project file'))
      continue
    }
    const { index, check, together } = found
    const isMasked = 'column' in check && ruleOf(masking, check.column) !== undefined
    const path = ['expectations', index]
    const correction = await correctCheck(tables, { path, check, result, together, columns, isMasked })
    if (correction === undefined) left.push(tell(result, 'no change of the expectation is proposed'))
    else corrections.push(correction)
  }
  return { corrections, left }
}

function tell({ expected, found }: CheckResult, why: string): string {
  return `${expected}: ${found}; ${why}`
}

function keyOf(kind: string, expected: string): string {
  return `${kind}\n${expected}`
}

/** The checks by what they say, with the place of their expectation. */
function writtenChecks(config: DatasetConfig): ReadonlyMap<string, Written> {
  const written = new Map<string, Written>()
  for (const [index, expectation] of config.expectations.entries()) {
    const checks = checksOf({ ...config, key: [], expectations: [expectation] })
    const together = checks.flatMap((check) => ('column' in check ? [check.column] : []))
    for (const check of checks)
      written.set(keyOf(check.kind, describeCheck(check)), { index, check, together })
  }
  return written
}
