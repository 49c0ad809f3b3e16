import { fail } from '#contract/errors'
import { filterLimits, type Comparison, type Filter, type FilterValue, type Operator } from './filter.ts'
import { checkText, excerpt, tokensOf, type Token } from './lexer.ts'

const keywords = ['AND', 'OR', 'NOT', 'IN', 'IS', 'NULL', 'LIKE', 'ILIKE'] as const
type Keyword = (typeof keywords)[number]

/**
 * Reads a filter in MLflow's grammar, `metrics.rmse < 1 AND params.model = 'tree'`, with OR, NOT, parentheses, and IN and
 * NOT LIKE for every field besides. NOT binds more tightly than AND, and AND more than OR. Undefined for a text without
 * any condition. Fails with `invalid_input` that names the place.
 */
export function parseFilter(text: string | undefined): Filter | undefined {
  if (text === undefined) return undefined
  checkText(text, 'filter', filterLimits.textLength)
  const tokens = tokensOf(text)
  if (tokens.length === 0) return undefined
  return new FilterParser(text, tokens).parse()
}

class FilterParser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #next = 0
  #comparisons = 0
  #listItems = 0

  constructor(text: string, tokens: readonly Token[]) {
    this.#text = text
    this.#tokens = tokens
  }

  parse(): Filter {
    const filter = this.#alternatives(0)
    if (this.#next < this.#tokens.length) this.#refuse('AND, OR or the end')
    return filter
  }

  #alternatives(depth: number): Filter {
    const parts = [this.#conjunction(depth)]
    while (this.#takeKeyword('OR')) parts.push(this.#conjunction(depth))
    return joined('or', parts)
  }

  #conjunction(depth: number): Filter {
    const parts = [this.#condition(depth)]
    while (this.#takeKeyword('AND')) parts.push(this.#condition(depth))
    return joined('and', parts)
  }

  #condition(depth: number): Filter {
    if (depth > filterLimits.depth) {
      fail('invalid_input', `The filter is nested more than ${filterLimits.depth} levels deep.`, {
        at: 'filter',
      })
    }
    if (this.#takeKeyword('NOT')) return { kind: 'not', part: this.#condition(depth + 1) }
    if (!this.#takeSymbol('(')) return this.#comparison()
    const inner = this.#alternatives(depth + 1)
    if (!this.#takeSymbol(')')) this.#refuse('AND, OR or ")"')
    return inner
  }

  #comparison(): Comparison {
    const token = this.#peek()
    if (token?.kind !== 'path' || keywordOf(token) !== undefined) {
      return this.#refuse('a field, such as metrics.rmse or tags.`my tag`')
    }
    this.#comparisons += 1
    if (this.#comparisons > filterLimits.comparisons) {
      fail('invalid_input', `The filter has more than ${filterLimits.comparisons} comparisons.`, {
        at: 'filter',
      })
    }
    this.#next += 1
    const { prefix, key } = fieldOf(token)
    const operator = this.#operator()
    const field = { kind: 'comparison', ...(prefix === undefined ? {} : { prefix }), key } as const
    const position = token.start + 1
    if (operator === 'IS NULL' || operator === 'IS NOT NULL') return { ...field, operator, position }
    const value = operator === 'IN' || operator === 'NOT IN' ? this.#list() : this.#scalar()
    return { ...field, operator, value, position }
  }

  #operator(): Operator {
    const expected = 'an operator (=, !=, <, <=, >, >=, LIKE, ILIKE, IN, IS NULL, or NOT before one)'
    const token = this.#peek()
    if (token?.kind === 'symbol') {
      const comparator = comparators.find((known) => known === token.text)
      if (comparator === undefined) return this.#refuse(expected)
      this.#next += 1
      return comparator
    }
    if (this.#takeKeyword('IS')) {
      const negated = this.#takeKeyword('NOT')
      if (!this.#takeKeyword('NULL')) this.#refuse('NULL')
      return negated ? 'IS NOT NULL' : 'IS NULL'
    }
    const negated = this.#takeKeyword('NOT')
    for (const word of ['LIKE', 'ILIKE', 'IN'] as const) {
      if (this.#takeKeyword(word)) return negated ? `NOT ${word}` : word
    }
    return this.#refuse(negated ? 'LIKE, ILIKE or IN' : expected)
  }

  #scalar(): FilterValue {
    const item = this.#item()
    return typeof item === 'number' ? { kind: 'number', value: item } : { kind: 'string', value: item }
  }

  #list(): FilterValue {
    if (!this.#takeSymbol('(')) this.#refuse('a list of values in parentheses')
    const items = [this.#item()]
    // A comma may follow the last one: Python writes a tuple of one that way.
    while (this.#takeSymbol(',') && !this.#isSymbol(')')) items.push(this.#item())
    if (!this.#takeSymbol(')')) this.#refuse('"," or ")"')
    this.#listItems += items.length
    if (this.#listItems > filterLimits.listItems) {
      fail('invalid_input', `The lists of the filter have more than ${filterLimits.listItems} items.`, {
        at: 'filter',
      })
    }
    return { kind: 'list', items }
  }

  #item(): string | number {
    const token = this.#peek()
    if (token?.kind === 'string') {
      this.#next += 1
      return token.text
    }
    if (token?.kind === 'number') {
      this.#next += 1
      return token.value
    }
    const only = token?.kind === 'path' && token.segments.length === 1 ? token.segments[0] : undefined
    if (token !== undefined && only?.quoted === true && this.#text[token.start] === '"') {
      this.#next += 1
      return only.text
    }
    return this.#refuse('a number, or a text in single or double quotes')
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next]
  }

  #isSymbol(text: string): boolean {
    const token = this.#peek()
    return token?.kind === 'symbol' && token.text === text
  }

  #takeSymbol(text: string): boolean {
    if (!this.#isSymbol(text)) return false
    this.#next += 1
    return true
  }

  #takeKeyword(keyword: Keyword): boolean {
    if (keywordOf(this.#peek()) !== keyword) return false
    this.#next += 1
    return true
  }

  #refuse(expected: string): never {
    const token = this.#peek()
    if (token === undefined) {
      return fail('invalid_input', `Invalid filter string: it ends where ${expected} should follow.`, {
        at: 'filter',
      })
    }
    const found = excerpt(this.#text, token.start, token.end)
    return fail(
      'invalid_input',
      `Invalid clause(s) in filter string: expected ${expected} at character ${token.start + 1}, found ${found}`,
      { at: 'filter' },
    )
  }
}

const comparators = ['=', '!=', '<', '<=', '>', '>='] as const

/** The part before the first dot and the rest; a quoted rest may have dots and spaces of its own. */
export function fieldOf({ segments }: Token & { kind: 'path' }): { prefix?: string; key: string } {
  const [first, ...rest] = segments.map(({ text }) => text)
  return rest.length === 0 ? { key: first ?? '' } : { prefix: first ?? '', key: rest.join('.') }
}

function keywordOf(token: Token | undefined): Keyword | undefined {
  const only = token?.kind === 'path' && token.segments.length === 1 ? token.segments[0] : undefined
  if (only === undefined || only.quoted) return undefined
  const upper = only.text.toUpperCase()
  return keywords.find((keyword) => keyword === upper)
}

function joined(kind: 'and' | 'or', parts: readonly Filter[]): Filter {
  const [only, second] = parts
  return only !== undefined && second === undefined ? only : { kind, parts }
}
