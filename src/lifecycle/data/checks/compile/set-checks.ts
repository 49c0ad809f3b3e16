import type { Cell } from '#platform/tables/index'
import type { CompiledCheck, TableContext } from '../compiled-check.ts'
import type { CheckOf } from '../expectation.ts'
import type { Judgement } from '../judgement.ts'
import { requireColumn, setLiteral, valueOf } from './columns.ts'
import { listWords } from '../words/limit-words.ts'
import { cellWords, wholeWords } from '../words/number-words.ts'

type Sets = CheckOf<'distinct_in_set'> | CheckOf<'distinct_equals_set'> | CheckOf<'distinct_contains_set'>

const shownValues = 10

/** The values that a column has against those of a set; in the set and not there, there and not in the set, or both. */
function distinct(check: Sets, { columns, filter, where }: TableContext): CompiledCheck {
  const column = requireColumn(check.column, columns)
  const literals = check.values.map((value) => setLiteral(value, column))
  const value = valueOf(column)
  const set = literals.join(', ')
  const strange = `${value} NOT IN (${set})`
  const refusesStrange = check.kind !== 'distinct_contains_set'
  const refusesAbsent = check.kind !== 'distinct_in_set'
  return {
    shape: 'value',
    aggregates: [
      `count(DISTINCT ${value})${filter}`,
      ...(refusesStrange
        ? [
            `count(DISTINCT ${value}) FILTER (WHERE ${strange} AND ${where})`,
            `CAST(list(DISTINCT ${value}) FILTER (WHERE ${strange} AND ${where})[1:${shownValues}] AS VARCHAR)`,
          ]
        : []),
      ...(refusesAbsent
        ? literals.map((literal) => `coalesce(bool_or(${value} = ${literal})${filter}, false)`)
        : []),
    ],
    judge: ([count, ...values]) => {
      const [unexpected, shown] = refusesStrange ? values.splice(0, 2) : [0, null]
      const absent = refusesAbsent ? check.values.filter((_, index) => values[index] !== true) : []
      return judgeSet({ count, unexpected, shown, absent })
    },
  }
}

function judgeSet({
  count,
  unexpected,
  shown,
  absent,
}: {
  count: Cell | undefined
  unexpected: Cell | undefined
  shown: Cell | undefined
  absent: readonly unknown[]
}): Judgement {
  const strange = Number(unexpected ?? 0)
  const problems = [
    ...(strange === 0 ? [] : [`${wholeWords(strange)} not in the set, such as ${cellWords(shown)}`]),
    ...(absent.length === 0 ? [] : [`${listWords(absent)} not there`]),
  ]
  const observed = Number(count ?? 0)
  return problems.length === 0
    ? { outcome: 'pass', found: `${wholeWords(observed)} different values`, observed }
    : { outcome: 'fail', found: problems.join('; '), observed }
}

/** The most frequent value, or values that are equally frequent, against a set. */
function mostCommon(check: CheckOf<'most_common_in_set'>, { columns, rows }: TableContext): CompiledCheck {
  const column = requireColumn(check.column, columns)
  const literals = check.values.map((value) => setLiteral(value, column))
  const value = valueOf(column)
  const counted = `SELECT ${value} AS v, count(*) AS n FROM ${rows} WHERE ${value} IS NOT NULL GROUP BY 1`
  const query = `WITH counted AS (${counted})
    SELECT count(*) AS modes, count(*) FILTER (WHERE v IN (${literals.join(', ')})) AS inside,
      CAST(list(v ORDER BY v)[1:${shownValues}] AS VARCHAR) AS shown FROM counted WHERE n = (SELECT max(n) FROM counted)`
  return {
    shape: 'figure',
    compute: async (tables) => {
      const [row] = await tables.rows(query)
      const modes = Number(row?.['modes'] ?? 0)
      const inside = Number(row?.['inside'] ?? 0)
      if (modes === 0) return { outcome: 'error', found: 'no row has a value' }
      const passes = check.ties_okay ? inside > 0 : modes === 1 && inside === 1
      const found = `${modes === 1 ? 'it is' : `${wholeWords(modes)} are equally frequent:`} ${cellWords(row?.['shown'])}`
      return { outcome: passes ? 'pass' : 'fail', found, observed: cellWords(row?.['shown']) }
    },
  }
}

export const setChecks = {
  distinct_in_set: distinct,
  distinct_equals_set: distinct,
  distinct_contains_set: distinct,
  most_common_in_set: mostCommon,
}
