import type { Random } from '#platform/random'
import type { Comparison, Filter, FilterValue, Operator } from './filter.ts'

/** A field that random filters may name, and what is compared with it. */
export interface RandomField {
  readonly prefix?: string
  readonly key: string
  readonly operators: readonly Operator[]
  readonly items: readonly (string | number)[]
}

/** Never of the form that its own text would not give back: all parts of a group are in parentheses there. */
export function randomFilter(random: Random, fields: readonly RandomField[], depth = 3): Filter {
  const kind =
    depth === 0 ? 'comparison' : pick(random, ['comparison', 'comparison', 'and', 'or', 'not'] as const)
  if (kind === 'comparison') return randomComparison(random, pick(random, fields))
  if (kind === 'not') return { kind, part: randomFilter(random, fields, depth - 1) }
  const parts = Array.from({ length: 2 + random.below(2) }, () => randomFilter(random, fields, depth - 1))
  return { kind, parts }
}

function randomComparison(random: Random, { prefix, key, operators, items }: RandomField): Comparison {
  const operator = pick(random, operators)
  const field = { kind: 'comparison', ...(prefix === undefined ? {} : { prefix }), key, position: 0 } as const
  if (operator === 'IS NULL' || operator === 'IS NOT NULL') return { ...field, operator }
  return { ...field, operator, value: randomValue(random, operator, items) }
}

function randomValue(random: Random, operator: Operator, items: readonly (string | number)[]): FilterValue {
  if (operator === 'IN' || operator === 'NOT IN') {
    return { kind: 'list', items: Array.from({ length: 1 + random.below(3) }, () => pick(random, items)) }
  }
  const item = pick(random, items)
  return typeof item === 'number' ? { kind: 'number', value: item } : { kind: 'string', value: item }
}

/** The filter as someone could write it: spaces, quotes and the case of keywords vary. */
export function filterText(random: Random, filter: Filter): string {
  const space = (): string => pick(random, [' ', '  ', '\n', '\t '])
  const word = (text: string): string => pick(random, [text, text.toLowerCase()]).replaceAll(' ', space())
  if (filter.kind === 'not') return `${word('NOT')}${space()}(${filterText(random, filter.part)})`
  if (filter.kind !== 'comparison') {
    return filter.parts
      .map((part) =>
        part.kind === 'comparison' ? filterText(random, part) : `(${filterText(random, part)})`,
      )
      .join(`${space()}${word(filter.kind.toUpperCase())}${space()}`)
  }
  const { prefix, key, operator, value } = filter
  const plain =
    /^\w+(?:\.\w+)*$/.test(key) && prefix !== undefined ? [key, `\`${key}\``, `"${key}"`] : [`\`${key}\``]
  const field = `${prefix === undefined ? '' : `${prefix}.`}${prefix === undefined && /^\w+$/.test(key) ? key : pick(random, plain)}`
  if (value === undefined) return `${field}${space()}${word(operator)}`
  return `${field}${space()}${word(operator)}${space()}${valueText(random, value)}`
}

function valueText(random: Random, value: FilterValue): string {
  if (value.kind === 'list') {
    return `(${value.items.map((item) => itemText(random, item)).join(pick(random, [',', ', ', ' , ']))}${pick(random, ['', ','])})`
  }
  return itemText(random, value.value)
}

function itemText(random: Random, item: string | number): string {
  if (typeof item === 'number') return String(item)
  const quote = pick(
    random,
    ["'", '"'].filter((mark) => !item.includes(mark)),
  )
  return `${quote}${item}${quote}`
}

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)] as Item
}
