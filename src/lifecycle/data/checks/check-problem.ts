import { messageOf } from '#contract/errors'
import type { Tables } from '#platform/tables/index'
import type { TableCheck } from './compile-check.ts'
import { Uncheckable } from './compiled-check.ts'
import { requireOneCondition } from './one-select.ts'

/**
 * What is wrong with a check itself, whatever the rows are: asked of the engine before the scan, because one mistake in it
 * would keep all the other checks from being computed.
 */
export async function checkProblem(tables: Tables, check: TableCheck): Promise<string | undefined> {
  try {
    if (check.where !== undefined) await requireOneCondition(tables, check.where)
  } catch (error) {
    if (!(error instanceof Uncheckable)) throw error
    return error.message
  }
  for (const pattern of patternsOf(check)) {
    const problem = await patternProblem(tables, pattern)
    if (problem !== undefined) return problem
  }
  return undefined
}

function patternsOf(check: TableCheck): readonly string[] {
  if (check.kind === 'matches' || check.kind === 'not_matches') return check.patterns
  return check.kind === 'not_missing' && check.pattern !== undefined ? [check.pattern] : []
}

/** RE2 has no look-around and no back references; a pattern with them is a mistake of the check, not of the rows. */
async function patternProblem(tables: Tables, pattern: string): Promise<string | undefined> {
  try {
    await tables.rows(`SELECT regexp_matches('', $1)`, [pattern])
    return undefined
  } catch (error) {
    const reason = messageOf(error).replace(/^.*Error: /, '')
    return `the pattern /${pattern}/ cannot be used: ${reason} (patterns are RE2: without look-around and back references)`
  }
}
