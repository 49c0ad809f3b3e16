import { fail } from '#contract/errors'

/**
 * Reads what MLflow's clients send: the JSON form of protocol buffers with everything that its server accepts besides.
 * Whole numbers come as numbers or as text (Java), every scalar may be text (R), enums are names or numbers, `null` is
 * unset, unknown fields are ignored. The sentences about missing and wrong values are those its clients show.
 */
export interface Field<Value> {
  /** `undefined`: not set. */
  read(value: unknown, path: string): Value | undefined
  /** In a query, a field of this kind may be repeated. */
  readonly isList?: true
}

export interface RequiredField<Value> extends Field<Value> {
  readonly isRequired: true
}

export type Fields = Readonly<Record<string, Field<unknown>>>

export type MessageOf<Shape extends Fields> = {
  readonly [Name in keyof Shape as Shape[Name] extends RequiredField<unknown> ? Name : never]: ValueOf<
    Shape[Name]
  >
} & {
  readonly [Name in keyof Shape as Shape[Name] extends RequiredField<unknown> ? never : Name]?:
    | ValueOf<Shape[Name]>
    | undefined
}

type ValueOf<Some> = Some extends Field<infer Value> ? Value : never

export interface Message<Shape extends Fields = Fields> extends Field<MessageOf<Shape>> {
  readonly shape: Shape
}

export function message<Shape extends Fields>(shape: Shape): Message<Shape> {
  const entries = Object.entries(shape)
  return {
    shape,
    read: (value, path) => {
      if (isUnset(value)) return undefined
      if (typeof value !== 'object' || Array.isArray(value)) wrongValue(value, path)
      const given = value as Record<string, unknown>
      const found: Record<string, unknown> = {}
      for (const [name, field] of entries) {
        const place = path === '' ? name : `${path}.${name}`
        const read = field.read(Object.hasOwn(given, name) ? given[name] : undefined, place)
        if (read !== undefined) found[name] = read
      }
      return found as MessageOf<Shape>
    },
  }
}

/** An empty text counts as missing, as the clients of protocol buffers cannot tell the two apart. */
export function required<Value>(field: Field<Value>): RequiredField<Value> {
  return {
    ...field,
    isRequired: true,
    read: (value, path) => {
      const read = field.read(value, path)
      if (read !== undefined && (read as unknown) !== '') return read
      return fail(
        'invalid_input',
        `Missing value for required parameter '${path}'. See the API docs for more information about request parameters.`,
        { at: path },
      )
    },
  }
}

export const text: Field<string> = {
  read: (value, path) => {
    if (isUnset(value)) return undefined
    return typeof value === 'string' ? value : wrongValue(value, path)
  },
}

/** A whole number that a double holds exactly. */
export const integer: Field<number> = {
  read: (value, path) => {
    if (isUnset(value)) return undefined
    const number = typeof value === 'string' && /^-?\d{1,20}(?:\.0+)?$/.test(value) ? Number(value) : value
    return Number.isSafeInteger(number) ? (number as number) : wrongValue(value, path)
  },
}

const specialDoubles = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

export const double: Field<number> = {
  read: (value, path) => {
    if (isUnset(value)) return undefined
    if (typeof value === 'number') return value
    if (typeof value !== 'string') return wrongValue(value, path)
    const special = specialDoubles.get(value)
    if (special !== undefined) return special
    const isNumber = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(value)
    return isNumber ? Number(value) : wrongValue(value, path)
  },
}

export const flag: Field<boolean> = {
  read: (value, path) => {
    if (isUnset(value)) return undefined
    if (typeof value === 'boolean') return value
    if (typeof value === 'string' && /^true$/i.test(value)) return true
    if (typeof value === 'string' && /^false$/i.test(value)) return false
    return wrongValue(value, path)
  },
}

/** One of some names; `numbers` are the same values as protocol buffers count them. */
export function oneOf<Name extends string>(numbers: Readonly<Record<Name, number>>): Field<Name> {
  const names = Object.keys(numbers) as Name[]
  return {
    read: (value, path) => {
      if (isUnset(value)) return undefined
      const known = names.find(
        (name) => name === value || numbers[name] === value || String(numbers[name]) === value,
      )
      return known ?? wrongValue(value, path)
    },
  }
}

export function list<Value>(item: Field<Value>): Field<readonly Value[]> {
  return {
    isList: true,
    read: (value, path) => {
      if (isUnset(value)) return undefined
      if (!Array.isArray(value)) return wrongValue(value, path)
      return value.map((one: unknown, index) => {
        const place = `${path}[${index}]`
        return item.read(one, place) ?? wrongValue(one, place)
      })
    },
  }
}

function isUnset(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

export function wrongValue(value: unknown, path: string): never {
  return fail(
    'invalid_input',
    `Invalid value ${shown(value)} for parameter '${path}' supplied:  Hint: Value was of type '${typeOf(value)}'. See the API docs for more information about request parameters.`,
    path === '' ? {} : { at: path },
  )
}

const longestShown = 200

/** Bounded in length and depth: the value is whatever someone sent. */
function shown(value: unknown, depth = 3): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, longestShown))
  if (typeof value !== 'object' || value === null) return String(value)
  if (depth === 0) return Array.isArray(value) ? '[…]' : '{…}'
  const inner = Array.isArray(value)
    ? value.slice(0, 10).map((item) => shown(item, depth - 1))
    : Object.entries(value)
        .slice(0, 10)
        .map(([key, item]) => `${JSON.stringify(key.slice(0, longestShown))}:${shown(item, depth - 1)}`)
  const joined = inner.join(',').slice(0, longestShown)
  return Array.isArray(value) ? `[${joined}]` : `{${joined}}`
}

/** As Python calls it, whose words the clients show. */
function typeOf(value: unknown): string {
  if (typeof value === 'string') return 'str'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  return Array.isArray(value) ? 'list' : 'dict'
}
