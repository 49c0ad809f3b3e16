import { Uncheckable, type CompiledCheck, type TableContext } from '../compiled-check.ts'
import type { tableForms } from '../forms/table-forms.ts'
import { judgeLimits } from '../judge-limits.ts'
import { nameWords } from '../words/limit-words.ts'
import { numberWords, wholeWords } from '../words/number-words.ts'
import { requireColumn } from './columns.ts'
import type { CompilersOf } from './compilers.ts'
import { freshCheck } from './fresh-check.ts'

export const tableChecks: CompilersOf<Exclude<keyof typeof tableForms, 'schema'>> = {
  column_exists: (check, { columns }) => {
    const { column, position } = check as typeof check & { position?: number }
    const place = columns.findIndex(({ name }) => name === column) + 1
    if (place === 0) return settled([missingWords(column, columns)], '')
    const isThere = position === undefined || place === position
    return settled(isThere ? [] : [`it stands in place ${place}`], `in place ${place}`)
  },
  columns_in_order: ({ columns: wanted }, { columns }) => {
    const found = columns.map(({ name }) => name)
    const at = wanted.findIndex((name, index) => found[index] !== name)
    if (at === -1 && found.length === wanted.length) return settled([], `all ${wanted.length} columns`)
    if (at === -1) return settled([`${nameWords(found.slice(wanted.length))} follow`], '')
    return settled([`in place ${at + 1} stands ${found[at] ?? 'nothing'}, expected ${wanted[at]}`], '')
  },
  columns_in_set: ({ columns: wanted, match }, { columns }) => {
    const found = new Set(columns.map(({ name }) => name))
    const missing = wanted.filter((name) => !found.has(name))
    const extra = [...found].filter((name) => !wanted.includes(name))
    return settled(
      [
        ...(match === 'within' || missing.length === 0 ? [] : [`${nameWords(missing)} missing`]),
        ...(match === 'contains' || extra.length === 0 ? [] : [`${nameWords(extra)} not expected`]),
      ],
      `${found.size} columns`,
    )
  },
  unique_column_names: ({ ignore_case }, { columns }) => {
    const names = columns.map(({ name }) => (ignore_case ? name.toLowerCase() : name))
    const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
    return settled(twice.length === 0 ? [] : [`${nameWords(twice)} more than once`], `${names.length} names`)
  },
  column_count: (check, { columns }) => ({ shape: 'settled', judgement: judgeLimits(check, columns.length) }),
  has_type: ({ column: name, types }, { columns }) => {
    const { type } = requireColumn(name, columns)
    // A whole number is a number; an empty column may become anything.
    const fits =
      type === 'unknown' || types.some((one) => one === type || (one === 'number' && type === 'integer'))
    return settled(fits ? [] : [`it is ${type}`], `it is ${type}`)
  },
  row_count: (check, { filter }) => ({
    shape: 'value',
    aggregates: [`count(*)${filter}`],
    judge: ([count]) => judgeLimits(check, Number(count)),
  }),
  row_count_equals: ({ to }, context) => {
    const { name, rows } = context.referenced(to)
    return counted(context, (count) => ({
      outcome: count === rows ? 'pass' : 'fail',
      found: `${wholeWords(count)} rows, and ${wholeWords(rows)} in ${name}`,
      observed: count,
    }))
  },
  row_count_ratio: (check, context) => {
    const { name, rows } = context.referenced(check.to)
    if (rows === 0) throw new Uncheckable(`${name} has no rows to divide by`)
    return counted(context, (count) => {
      const { outcome, severity } = judgeLimits(check, count / rows)
      const found = `it is ${numberWords(count / rows)}: ${wholeWords(count)} rows, and ${wholeWords(rows)} in ${name}`
      return { outcome, ...(severity === undefined ? {} : { severity }), found, observed: count / rows }
    })
  },
  fresh: freshCheck,
}

/** The rows of the version as it would be. */
function counted(
  { allRows }: TableContext,
  judge: (count: number) => ReturnType<typeof judgeLimits>,
): CompiledCheck {
  return {
    shape: 'figure',
    compute: async (tables) => {
      const [row] = await tables.rows(`SELECT count(*) AS n FROM ${allRows}`)
      return judge(Number(row?.['n']))
    },
  }
}

function settled(problems: readonly string[], found: string): CompiledCheck {
  return {
    shape: 'settled',
    judgement:
      problems.length === 0 ? { outcome: 'pass', found } : { outcome: 'fail', found: problems.join('; ') },
  }
}

function missingWords(name: string, columns: TableContext['columns']): string {
  try {
    requireColumn(name, columns)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}
