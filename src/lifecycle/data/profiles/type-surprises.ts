import type { LevelCount } from './column-profile.ts'
import type { CountedValues } from './count-values.ts'
import type { ValueCount } from './number-sketch.ts'
import { isDateFormat, isPlaceholder, textFormatOf, type TextFormat } from './text-format.ts'
import type { ProfiledColumn, Surprise } from './version-profile.ts'

interface Evidence {
  readonly rows: number
  /** Every value of the column, where there are few enough. */
  readonly counted: CountedValues | undefined
  /** Texts of a sample, where there are too many. */
  readonly texts: readonly LevelCount[] | undefined
}

/** What a person would be surprised by. Messages name forms and markers, never a value that could be somebody's. */
export function surprisesOf(column: ProfiledColumn, evidence: Evidence): Surprise[] {
  const { values, type } = column
  if (values.count === 0) return []
  const found = [...constancy(column)]
  if (type === 'text') {
    const levels = evidence.texts ?? evidence.counted?.levels ?? []
    found.push(...textSurprises(levels, values.count), ...variants(levels, values.count))
  }
  if (type === 'integer' || type === 'number') {
    found.push(...numberPlaceholders(evidence.counted?.numbers ?? []), ...codes(column, evidence.rows))
  }
  return found
}

const nearConstantShare = 0.99
const minimumRows = 20

function constancy({ values, distinct, frequent }: ProfiledColumn): Surprise[] {
  const count = values.count + (values.kind === 'number' ? values.infinite : 0)
  if (distinct === 1 && count > 1) {
    return [{ kind: 'constant', message: 'every value is the same', rows: count }]
  }
  const most = frequent[0]?.count ?? 0
  if (count < minimumRows || most < nearConstantShare * count) return []
  const share = Number(((100 * most) / count).toFixed(2))
  return [{ kind: 'near_constant', message: `one value fills ${share} % of it`, rows: most }]
}

function textSurprises(levels: readonly LevelCount[], count: number): Surprise[] {
  const byFormat = new Map<TextFormat, number>()
  let seen = 0
  for (const { level, count: n } of levels) {
    const format = textFormatOf(level)
    byFormat.set(format, (byFormat.get(format) ?? 0) + n)
    seen += n
  }
  if (seen === 0) return []
  const of = (format: TextFormat): number => byFormat.get(format) ?? 0
  /** Rows of the whole column; exact where all levels were seen. */
  const rowsOf = (n: number): number => Math.round((n / seen) * count)
  const known = seen - of('placeholder')
  const found: Surprise[] = []
  const placeholder = of('placeholder')
  if (placeholder > 0 && known > 0) {
    const names = [
      ...new Set(
        levels.filter(({ level }) => isPlaceholder(level)).map(({ level }) => JSON.stringify(level)),
      ),
    ]
    const list = names.slice(0, 4).join(', ')
    found.push({
      kind: 'placeholder',
      message: `${list} stand${names.length === 1 ? 's' : ''} for missing values; name them under \`nulls\``,
      rows: rowsOf(placeholder),
    })
  }
  if (known === 0) return found
  const dates = [...byFormat].filter(([format]) => isDateFormat(format))
  const dated = dates.reduce((sum, [, n]) => sum + n, 0)
  if (of('leading zero') > 0 && of('leading zero') + of('number') === known) {
    const message = 'digits, some with a leading zero: codes, kept as text'
    found.push({ kind: 'leading_zeros', message, rows: rowsOf(of('leading zero')) })
  } else if (of('number') >= 0.5 * known) {
    const others = known - of('number')
    const message =
      others === 0 ? 'numbers kept as text' : `numbers kept as text, because ${rowsOf(others)} are none`
    found.push({ kind: 'number_as_text', message, rows: rowsOf(of('number')) })
  } else if (of('boolean') === known) {
    found.push({ kind: 'boolean_as_text', message: 'yes and no, kept as text', rows: rowsOf(known) })
  }
  if (dated >= 0.5 * known) {
    const names = dates.map(([format]) => format).join(', ')
    const message = `dates kept as text, written as ${names}`
    found.push({ kind: 'date_as_text', message, rows: rowsOf(dated) })
  }
  const kinds = [
    ...dates.map(([format]) => format),
    ...(of('number') > 0 ? ['number'] : []),
    ...(of('text') > 0 ? ['text'] : []),
  ]
  if (dates.length > 1 || (dates.length === 1 && kinds.length > 1)) {
    found.push({
      kind: 'mixed_formats',
      message: `forms that differ: ${kinds.join('; ')}`,
      rows: rowsOf(known),
    })
  }
  return found
}

/** Texts that differ in case, spaces or punctuation only. */
function variants(levels: readonly LevelCount[], count: number): Surprise[] {
  const groups = new Map<string, LevelCount[]>()
  for (const level of levels) {
    const key = level.level.toLowerCase().replaceAll(/[\s._-]+/g, '')
    if (key === '' || /^[\d+]+$/.test(key)) continue
    groups.set(key, [...(groups.get(key) ?? []), level])
  }
  const several = [...groups.values()].filter((group) => group.length > 1)
  // In free text and identifiers nothing is meant to be spelled alike.
  if (several.length === 0 || levels.length > 0.5 * count) return []
  const rows = several.flat().reduce((sum, level) => sum + level.count, 0)
  const what = several.length === 1 ? '1 value is' : `${several.length} values are`
  return [
    {
      kind: 'spelling_variants',
      message: `${what} spelled in several ways (case, spaces, punctuation)`,
      rows,
    },
  ]
}

/**
 * 99, 999, -1, -999 and the like where nothing else is near: an extreme of such digits, further from its neighbour than all
 * the other values are from each other; or the only value below zero.
 */
function numberPlaceholders(sorted: readonly ValueCount[]): Surprise[] {
  if (sorted.length < 3) return []
  const found: Surprise[] = []
  const [lowest, second] = [sorted[0] as ValueCount, sorted[1] as ValueCount]
  const [highest, next] = [sorted.at(-1) as ValueCount, sorted.at(-2) as ValueCount]
  const total = sorted.reduce((sum, { count }) => sum + count, 0)
  const told = ({ value, count }: ValueCount): void => {
    if (count > 0.5 * total) return
    const message = `${value} looks like a placeholder: nothing else is near`
    found.push({ kind: 'placeholder', message, rows: count })
  }
  const isNines = (value: number): boolean => /^-?9{2,}$/.test(String(value))
  if (isNines(highest.value) && highest.value - next.value > next.value - lowest.value) told(highest)
  if ((isNines(lowest.value) || lowest.value === -1) && second.value >= 0) told(lowest)
  return found
}

const codeName = /(?:^|[_\s])(?:id|ids|code|codes|type|cd|zip|zipcode|postcode|category|class)$/i

function codes({ name, type, distinct, values }: ProfiledColumn, rows: number): Surprise[] {
  const words = name.replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
  const repeated = distinct > 1 && distinct <= 1000 && distinct * 10 <= rows
  if (type !== 'integer' || !repeated || !codeName.test(words)) return []
  const message = `${distinct} codes written as numbers: their order and distance mean nothing`
  return [{ kind: 'numeric_code', message, rows: values.count }]
}
