import { Uncheckable, type CompiledCheck, type TableContext } from '../compiled-check.ts'
import type { valueForms } from '../forms/value-forms.ts'
import { judgeLimits, withinLimits, type NumberRule } from '../judge-limits.ts'
import { isNumeric, requireColumn, requireNumber, requireType, valueOf, boundLiteral } from './columns.ts'
import type { CompilersOf } from './compilers.ts'
import { cellWords, numberWords } from '../words/number-words.ts'
import { quantileCheck } from './quantile-check.ts'
import { setChecks } from './set-checks.ts'
import { sqlChecks } from './sql-checks.ts'

export const valueChecks: CompilersOf<keyof typeof valueForms> = {
  ...setChecks,
  ...sqlChecks,
  min: (check, context) => extreme('min', check, context),
  max: (check, context) => extreme('max', check, context),
  mean: (check, context) => figure(check, context, (value) => `avg(${value})`),
  median: (check, context) => figure(check, context, (value) => `median(${value})`),
  sum: (check, context) => figure(check, context, (value) => `sum(${value})`),
  stdev: (check, context) =>
    figure(check, context, (value) => `stddev_samp(${value})`, 'fewer than two rows have a value'),
  quantiles: quantileCheck,
  distinct_count: (check, { columns, filter }) => {
    const value = valueOf(requireColumn(check.column, columns))
    return {
      shape: 'value',
      aggregates: [`count(DISTINCT ${value})${filter}`],
      judge: ([count]) => judgeLimits(check, Number(count)),
    }
  },
  unique_proportion: (check, { columns, filter }) => {
    const value = valueOf(requireColumn(check.column, columns))
    return {
      shape: 'value',
      aggregates: [`count(DISTINCT ${value})${filter}`, `count(${value})${filter}`],
      judge: ([distinct, count]) =>
        judgeLimits(check, Number(count) === 0 ? 0 : Number(distinct) / Number(count)),
    }
  },
}

function figure(
  check: NumberRule & { readonly column: string },
  { columns, filter }: TableContext,
  aggregate: (value: string) => string,
  nothing?: string,
): CompiledCheck {
  const column = requireNumber(requireColumn(check.column, columns), 'numbers have such a figure')
  return {
    shape: 'value',
    aggregates: [`${aggregate(`CAST(${valueOf(column)} AS DOUBLE)`)}${filter}`],
    judge: ([value]) =>
      judgeLimits(check, value === null || value === undefined ? null : Number(value), nothing),
  }
}

/** Dates and text have a smallest and a largest value too, so that the engine compares. */
function extreme(
  aggregate: 'min' | 'max',
  check: NumberRule & { readonly column: string },
  { columns, filter }: TableContext,
): CompiledCheck {
  const column = requireColumn(check.column, columns)
  requireType(column, ['integer', 'number', 'date', 'timestamp', 'text'], 'it has no order')
  const value = `${aggregate}(${valueOf(column)})${filter}`
  const { minimum, maximum, strict_minimum, strict_maximum, warn_outside } = check
  const below = (limit: number | string | null | undefined, operator: string): string[] =>
    limit === null || limit === undefined ? [] : [`${value} ${operator} ${boundLiteral(limit, column)}`]
  const fails = [
    ...below(minimum, strict_minimum === true ? '<=' : '<'),
    ...below(maximum, strict_maximum === true ? '>=' : '>'),
  ]
  const warns = [...below(warn_outside?.minimum, '<'), ...below(warn_outside?.maximum, '>')]
  if (fails.length + warns.length === 0) throw new Uncheckable('neither a minimum nor a maximum is given')
  const shown = isNumeric(column) ? `CAST(${value} AS DOUBLE)` : `CAST(${value} AS VARCHAR)`
  const any = (conditions: readonly string[]): string =>
    conditions.length === 0 ? 'false' : `(${conditions.join(' OR ')})`
  return {
    shape: 'value',
    aggregates: [shown, any(fails), any(warns)],
    judge: ([observed, outside, narrowly]) => {
      if (observed === null || observed === undefined)
        return { outcome: 'error', found: 'no row has a value' }
      const isNumber = typeof observed === 'number'
      const found = `it is ${isNumber ? numberWords(observed) : cellWords(observed)}`
      const told = isNumber ? (Number.isFinite(observed) ? observed : null) : cellWords(observed)
      return withinLimits({ fails: outside === true, warns: narrowly === true }, { found, observed: told })
    },
  }
}
