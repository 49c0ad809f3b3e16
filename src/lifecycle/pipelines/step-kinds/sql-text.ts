import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import { quoteText } from '#platform/tables/index'
import type { ParameterValue, Parameters } from '../contract.ts'

export interface SqlStatement {
  readonly text: string
  /** The line on which it begins, from 1. */
  readonly line: number
}

interface Token {
  readonly kind: 'text' | 'parameter' | 'end'
  readonly text: string
}

/**
 * What can hide a `$` or a `;`: quoted text and names, dollar quotes and comments (which nest; one level is enough).
 * Then named parameters, and the end of a statement.
 */
const tokenPattern = new RegExp(
  [
    String.raw`\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'`,
    String.raw`'(?:[^']|'')*'`,
    String.raw`"(?:[^"]|"")*"`,
    String.raw`--[^\n]*`,
    String.raw`\/\*(?:\/\*[\s\S]*?\*\/|(?!\*\/)[\s\S])*?\*\/`,
    String.raw`(\$(?:[A-Za-z_]\w*)?\$)[\s\S]*?\1`,
    String.raw`\$([A-Za-z_]\w*)`,
    '(;)',
  ].join('|'),
  'g',
)

function tokens(sql: string): Token[] {
  const found: Token[] = []
  let end = 0
  for (const match of sql.matchAll(tokenPattern)) {
    if (match.index > end) found.push({ kind: 'text', text: sql.slice(end, match.index) })
    const [whole, , parameter, semicolon] = match
    if (parameter !== undefined) found.push({ kind: 'parameter', text: parameter })
    else found.push({ kind: semicolon === undefined ? 'text' : 'end', text: whole })
    end = match.index + whole.length
  }
  if (end < sql.length) found.push({ kind: 'text', text: sql.slice(end) })
  return found
}

/** The names behind `$` in a file of statements. */
export function parametersIn(sql: string): string[] {
  return [...new Set(tokens(sql).flatMap((token) => (token.kind === 'parameter' ? [token.text] : [])))]
}

/**
 * The statements of a file, with each `$name` replaced by its value as a literal. Binding would be the usual way, but
 * DuckDB binds no parameters in views and other definitions; a literal made here cannot end early.
 */
export function statementsOf(sql: string, parameters: Parameters): SqlStatement[] {
  const statements: SqlStatement[] = []
  let text = ''
  let line = 1
  const finish = (): void => {
    const blank = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/.exec(text)?.[0] ?? ''
    const begins = line + countLines(blank)
    line += countLines(text)
    if (blank.length < text.length) statements.push({ text: text.trim(), line: begins })
    text = ''
  }
  for (const token of tokens(sql)) {
    if (token.kind === 'end') finish()
    else text += token.kind === 'text' ? token.text : literal(token.text, parameters)
  }
  finish()
  return statements
}

function literal(name: string, parameters: Parameters): string {
  const value: ParameterValue | undefined = parameters[name]
  if (value === undefined) {
    const meant = nearestName(name, Object.keys(parameters))
    return fail('invalid_input', `The SQL uses $${name}, and the step has no such parameter.`, {
      hint:
        meant === undefined ? `Add ${name} to the parameters of the pipeline.` : `Did you mean $${meant}?`,
    })
  }
  if (typeof value === 'string') return quoteText(value)
  // Parentheses keep `- $n` with a negative number from becoming a comment.
  return typeof value === 'number' ? `(${value})` : String(value)
}

function countLines(text: string): number {
  return text.split('\n').length - 1
}
