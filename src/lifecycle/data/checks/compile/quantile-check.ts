import { Uncheckable, type CompiledCheck, type TableContext } from '../compiled-check.ts'
import type { CheckOf } from '../expectation.ts'
import { requireColumn, requireNumber, valueOf } from './columns.ts'
import { numberWords } from '../words/number-words.ts'

/**
 * Quantiles by the rule that is asked for: `linear` between the two values around place q(n - 1), or one of the two, or
 * their middle. The names and rules are those of numpy.
 */
export function quantileCheck(
  check: CheckOf<'quantiles'>,
  { columns, filter, where }: TableContext,
): CompiledCheck {
  const { ranges, interpolation } = check
  const column = requireNumber(requireColumn(check.column, columns), 'numbers have quantiles')
  for (const { minimum, maximum, quantile } of ranges) {
    if ((minimum ?? Number.NEGATIVE_INFINITY) > (maximum ?? Number.POSITIVE_INFINITY)) {
      throw new Uncheckable(`the minimum of the ${quantile} quantile is above its maximum`)
    }
  }
  const value = `CAST(${valueOf(column)} AS DOUBLE)`
  return {
    shape: 'value',
    aggregates: ranges.map(({ quantile }) => quantileOf(value, { quantile, interpolation, filter, where })),
    judge: (values) => {
      const observed = values.map((one) => (one === null ? null : Number(one)))
      if (observed.some((one) => one === null)) return { outcome: 'error', found: 'no row has a value' }
      const isInside = ranges.every(({ minimum, maximum }, index) => {
        const found = observed[index] ?? Number.NaN
        return (
          found >= (minimum ?? Number.NEGATIVE_INFINITY) && found <= (maximum ?? Number.POSITIVE_INFINITY)
        )
      })
      const found = observed.map((one) => numberWords(one ?? Number.NaN)).join(', ')
      return {
        outcome: isInside ? 'pass' : 'fail',
        found: `${observed.length === 1 ? 'it is' : 'they are'} ${found}`,
        observed: observed.length === 1 ? (observed[0] ?? null) : found,
      }
    },
  }
}

function quantileOf(
  value: string,
  {
    quantile,
    interpolation,
    filter,
    where,
  }: Pick<TableContext, 'filter' | 'where'> & {
    quantile: number
    interpolation: CheckOf<'quantiles'>['interpolation']
  },
): string {
  if (interpolation === 'linear') return `quantile_cont(${value}, ${quantile})${filter}`
  const count = `count(${value})${filter}`
  const place = `(${quantile} * (${count} - 1))`
  const sorted = `list(${value} ORDER BY ${value}) FILTER (WHERE ${value} IS NOT NULL AND ${where})`
  const at = (index: string): string => `(${sorted})[1 + CAST(${index} AS BIGINT)]`
  switch (interpolation) {
    case 'lower':
      return at(`floor(${place})`)
    case 'higher':
      return at(`ceil(${place})`)
    case 'nearest':
      return at(`round_even(${place}, 0)`)
    case 'midpoint':
      return `(${at(`floor(${place})`)} + ${at(`ceil(${place})`)}) / 2`
  }
}
