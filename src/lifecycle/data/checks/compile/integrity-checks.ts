import { quoteName, quoteText } from '#platform/tables/index'
import { Uncheckable, type RowsCheck } from '../compiled-check.ts'
import type { integrityForms } from '../forms/integrity-forms.ts'
import { outlierCheck } from '../integrity/outlier-check.ts'
import { predictivePower } from '../integrity/predictive-power.ts'
import { numberWords, wholeWords } from '../words/number-words.ts'
import { hasValue, requireColumn, requireText, valueOf } from './columns.ts'
import type { CompilersOf } from './compilers.ts'
import { columnRows } from './column-rows.ts'
import { listWords } from '../words/limit-words.ts'

/** Text that people write for a missing value, in lower case. */
export const nullWords = ['', 'na', 'n/a', 'nan', 'null', 'none', 'nil', 'missing', 'unknown', '-', '?', '.']

export const integrityChecks: CompilersOf<keyof typeof integrityForms> = {
  more_than_one_value: ({ column: name }, { columns, filter }) => {
    const value = valueOf(requireColumn(name, columns))
    return {
      shape: 'value',
      // Cheaper than counting the different ones, which nobody asked for.
      aggregates: [
        `min(${value})${filter} IS DISTINCT FROM max(${value})${filter}`,
        `count(${value})${filter}`,
      ],
      judge: ([differ, count]) => {
        if (Number(count) === 0) return { outcome: 'error', found: 'no row has a value' }
        return differ === true
          ? { outcome: 'pass', found: 'there are several' }
          : { outcome: 'fail', found: `all ${wholeWords(Number(count))} are the same` }
      },
    }
  },
  no_mixed_nulls: ({ column: name, tokens }, { columns, filter, where }) => {
    const column = requireColumn(name, columns)
    const text = quoteName(name)
    const words = (tokens ?? nullWords).map((word) => quoteText(word.toLowerCase())).join(', ')
    const isWord = column.type === 'text' ? `lower(trim(${text})) IN (${words})` : 'false'
    return {
      shape: 'value',
      aggregates: [
        `count(*)${filter} - count(${valueOf(column)})${filter}`,
        `list_sort(list(DISTINCT CAST(${text} AS VARCHAR)) FILTER (WHERE ${isWord} AND ${where}))`,
      ],
      judge: ([missing, written]) => {
        const forms = [
          ...(Number(missing) > 0 ? ['nothing at all'] : []),
          ...(Array.isArray(written) ? written : []),
        ]
        const found = forms.length === 0 ? 'no value is missing' : `missing values are ${listWords(forms)}`
        return { outcome: forms.length > 1 ? 'fail' : 'pass', found, observed: forms.length }
      },
    }
  },
  no_mixed_types: ({ column: name }, { columns, rows }) => {
    const column = requireColumn(name, columns)
    if (column.type !== 'text') return columnRows(column, 'false')
    const isNumber = `(try_cast(${quoteName(name)} AS DOUBLE) IS NOT NULL)`
    const most = `SELECT 2 * count(*) FILTER (WHERE ${isNumber}) > count(${quoteName(name)}) AS "numbers#" FROM ${rows}`
    return {
      ...columnRows(column, `${isNumber} <> "numbers#"`),
      from: (table) => `(SELECT * FROM ${table}, (${most}))`,
    }
  },
  no_string_variants: ({ column: name }, { columns, rows }) => {
    const column = requireText(requireColumn(name, columns), 'text has spellings')
    const text = quoteName(name)
    const stem = `regexp_replace(lower(strip_accents(${text})), '[^\\p{L}\\p{N}]+', '', 'g')`
    const several = `SELECT ${stem} AS "stem#" FROM ${rows} WHERE ${text} IS NOT NULL GROUP BY 1 HAVING count(DISTINCT ${text}) > 1 AND "stem#" <> ''`
    return {
      ...columnRows(column, '"stem#" IS NOT NULL'),
      from: (table) => `(SELECT * FROM ${table} LEFT JOIN (${several}) ON ${stem} = "stem#")`,
    }
  },
  no_special_characters: ({ column: name }, { columns }) => {
    const column = requireText(requireColumn(name, columns), 'text has characters')
    const text = quoteName(name)
    return columnRows(column, `(${text} <> '' AND NOT regexp_matches(${text}, '[\\p{L}\\p{N}]'))`)
  },
  no_conflicting_labels: ({ label: name, columns: names }, { columns, rows }): RowsCheck => {
    const label = requireColumn(name, columns)
    const features = (names ?? columns.map((column) => column.name).filter((each) => each !== name)).map(
      (each) => valueOf(requireColumn(each, columns)),
    )
    if (features.length === 0) throw new Uncheckable('there is no column besides the label')
    const keys = features.map((feature, index) => `${feature} AS "feature${index}#"`).join(', ')
    const same = features
      .map((feature, index) => `${feature} IS NOT DISTINCT FROM "feature${index}#"`)
      .join(' AND ')
    const groups = features.map((_, index) => index + 1).join(', ')
    const conflicting = `SELECT ${keys}, true AS "conflict#" FROM ${rows} WHERE ${hasValue(label)} GROUP BY ${groups} HAVING count(DISTINCT ${valueOf(label)}) > 1`
    return {
      ...columnRows(label, '"conflict#" IS NOT NULL'),
      from: (table) => `(SELECT * FROM ${table} LEFT JOIN (${conflicting}) ON ${same})`,
    }
  },
  no_duplicate_rows: ({ columns: names }, { columns }) => ({
    shape: 'keys',
    keys: (names ?? columns.map(({ name }) => name)).map((name) => valueOf(requireColumn(name, columns))),
    // A row and its copy are one row too many.
    report: 'exclude_first',
    ignore: 'never',
    among: 'arrival',
  }),
  identifier_label_correlation: ({ identifier, label, at_most }, context) => {
    const [feature, target] = [
      requireColumn(identifier, context.columns),
      requireColumn(label, context.columns),
    ]
    return {
      shape: 'figure',
      compute: async (tables) => {
        const score = await predictivePower(tables, { feature, label: target, rows: context.rows })
        return {
          outcome: score <= at_most ? 'pass' : 'fail',
          found: `its score is ${numberWords(score)}`,
          observed: score,
        }
      },
    }
  },
  feature_label_correlation: ({ columns: names, label, at_most }, context) => {
    const target = requireColumn(label, context.columns)
    const features = (names ?? context.columns.map(({ name }) => name).filter((name) => name !== label))
      .map((name) => requireColumn(name, context.columns))
      .filter(({ type }) => type !== 'other' && type !== 'unknown')
    if (features.length === 0) throw new Uncheckable('there is no column besides the label')
    return {
      shape: 'figure',
      compute: async (tables) => {
        const scores: { name: string; score: number }[] = []
        for (const feature of features) {
          const score = await predictivePower(tables, { feature, label: target, rows: context.rows })
          scores.push({ name: feature.name, score })
        }
        scores.sort((a, b) => b.score - a.score)
        const above = scores.filter(({ score }) => score > at_most)
        const told = (above.length > 0 ? above : scores.slice(0, 1)).map(
          ({ name, score }) => `${name} ${numberWords(score)}`,
        )
        return {
          outcome: above.length === 0 ? 'pass' : 'fail',
          found: `${above.length === 0 ? 'the highest is ' : ''}${told.join(', ')}`,
          observed: scores[0]?.score ?? 0,
        }
      },
    }
  },
  class_balance: ({ column: name, minimum_ratio }, { columns, rows }) => {
    const value = valueOf(requireColumn(name, columns))
    return {
      shape: 'figure',
      compute: async (tables) => {
        const [row] = await tables.rows(
          `SELECT min(n) AS low, max(n) AS high, count(*) AS classes FROM
             (SELECT count(*) AS n FROM ${rows} WHERE ${value} IS NOT NULL GROUP BY ${value})`,
        )
        const [low, high, classes] = [row?.['low'], row?.['high'], row?.['classes']].map(Number)
        if (high === undefined || low === undefined || !(high > 0))
          throw new Uncheckable('no row has a value')
        const ratio = low / high
        return {
          outcome: ratio >= minimum_ratio ? 'pass' : 'fail',
          found: `it is ${numberWords(ratio)}: ${wholeWords(low)} of the rarest and ${wholeWords(high)} of the most frequent of ${wholeWords(classes ?? 0)}`,
          observed: ratio,
        }
      },
    }
  },
  no_outlier_rows: outlierCheck,
}
