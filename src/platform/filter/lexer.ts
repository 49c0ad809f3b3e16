import { fail } from '#contract/errors'

export interface PathSegment {
  readonly text: string
  readonly quoted: boolean
}

export type Token = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'path'; readonly segments: readonly PathSegment[] }
  | { readonly kind: 'string' | 'symbol'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
)

const spaces = /\s*/y
/**
 * A doubled quote, or one after a backslash, does not end the text and is part of it as written: MLflow's grammar has no
 * escapes, it only finds the end by these rules.
 */
const singleQuoted = /'(?:''|\\'|[^'])*'/y
const doubleQuoted = /"(?:""|\\"|[^"])*"/y
const backquoted = /`[^`]*`/y
const number = /-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?(?![\p{L}\p{N}_$#.])/iuy
const word = /[\p{L}\p{N}_$#]+/uy
const symbol = /!=|<=|>=|[=<>(),]/y

/** Cuts the text of a filter or an order into tokens; fails with `invalid_input` at the first thing that is none. */
export function tokensOf(text: string): Token[] {
  const match = (pattern: RegExp, start: number): string | undefined => {
    pattern.lastIndex = start
    return pattern.exec(text)?.[0]
  }

  const segmentAt = (start: number): (PathSegment & { end: number }) | undefined => {
    const quoted = match(doubleQuoted, start) ?? match(backquoted, start)
    if (quoted !== undefined) return { text: quoted.slice(1, -1), quoted: true, end: start + quoted.length }
    const plain = match(word, start)
    return plain === undefined ? undefined : { text: plain, quoted: false, end: start + plain.length }
  }

  const pathAt = (start: number): Token | undefined => {
    const first = segmentAt(start)
    if (first === undefined) return undefined
    const segments = [first]
    let { end } = first
    while (text[end] === '.') {
      const segment = segmentAt(end + 1)
      if (segment === undefined) return refuse(text, end)
      segments.push(segment)
      end = segment.end
    }
    return {
      kind: 'path',
      segments: segments.map(({ text: name, quoted }) => ({ text: name, quoted })),
      start,
      end,
    }
  }

  const tokenAt = (start: number): Token => {
    const quoted = match(singleQuoted, start)
    if (quoted !== undefined)
      return { kind: 'string', text: quoted.slice(1, -1), start, end: start + quoted.length }
    const digits = match(number, start)
    if (digits !== undefined)
      return { kind: 'number', value: Number(digits), start, end: start + digits.length }
    const mark = match(symbol, start)
    if (mark !== undefined) return { kind: 'symbol', text: mark, start, end: start + mark.length }
    return pathAt(start) ?? refuse(text, start)
  }

  const tokens: Token[] = []
  let place = match(spaces, 0)?.length ?? 0
  while (place < text.length) {
    const token = tokenAt(place)
    tokens.push(token)
    place = token.end + (match(spaces, token.end)?.length ?? 0)
  }
  return tokens
}

/** PostgreSQL cannot hold the character 0 in a text, so nothing that is stored can match it. */
export function checkText(text: string, noun: 'filter' | 'order', longest: number): void {
  if (text.length > longest) {
    fail('invalid_input', `The ${noun} is ${text.length} characters long; at most ${longest} are read.`, {
      at: noun,
    })
  }
  const zero = text.indexOf('\0')
  if (zero !== -1) fail('invalid_input', `The ${noun} has a NUL character at ${zero + 1}.`, { at: noun })
}

/** As it is in the text, shortened: for messages. */
export function excerpt(text: string, start: number, end = text.length): string {
  const part = text.slice(start, end)
  return part.length > 60 ? `${part.slice(0, 60)}…` : part
}

function refuse(text: string, start: number): never {
  const character = text[start] ?? ''
  const position = `at character ${start + 1}`
  const found = excerpt(text, start)
  if (character === "'" || character === '"' || character === '`') {
    fail('invalid_input', `Invalid clause(s) in filter string: the quote ${position} never ends: ${found}`, {
      at: 'filter',
    })
  }
  fail('invalid_input', `Invalid clause(s) in filter string: '${found}' ${position}.`, {
    at: 'filter',
    hint: 'A name with other characters than letters, digits, "_" and "." is put in backticks or double quotes.',
  })
}
