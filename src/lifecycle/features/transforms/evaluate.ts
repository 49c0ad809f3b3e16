import { fail } from '#contract/errors'
import type { CategoryColumn, Column, Frame } from '#platform/tables/index'
import { isText, type Expression, type NumberExpression, type TextExpression } from './expression.ts'
import { murmur3 } from './murmur3.ts'

/** Evaluates expressions on the rows of a frame; what several expressions share is computed once. */
export function createEvaluator(frame: Frame) {
  const known = new Map<string, Float64Array>()
  const numbers = (expression: NumberExpression): Float64Array => {
    const key = JSON.stringify(expression)
    const found = known.get(key)
    if (found !== undefined) return found
    const values = compute(expression, { frame, numbers })
    known.set(key, values)
    return values
  }
  return {
    numbers,
    texts: (expression: TextExpression): CategoryColumn => textsOf(expression, frame),
    column: (expression: Expression): Column =>
      isText(expression) ? textsOf(expression, frame) : { kind: 'number', values: numbers(expression) },
  }
}

interface Surroundings {
  readonly frame: Frame
  readonly numbers: (expression: NumberExpression) => Float64Array
}

function compute(expression: NumberExpression, { frame, numbers }: Surroundings): Float64Array {
  switch (expression.kind) {
    case 'number': {
      const column = frame.columns[expression.column]
      if (column?.kind === 'number') return column.values
      return fail('internal', `"${expression.column}" is no column of numbers.`)
    }
    case 'constant':
      return new Float64Array(frame.rows).fill(expression.value)
    case 'apply':
      return numbers(expression.of).map(functions[expression.operation])
    case 'combine': {
      const operation = operations[expression.operation]
      // A constant needs no column of its own: the loop below would read it from memory row by row.
      const { left, right } = expression
      if (right.kind === 'constant') return numbers(left).map((value) => operation(value, right.value))
      const others = numbers(right)
      return numbers(left).map((value, i) => operation(value, others[i] as number))
    }
    case 'fill':
      return numbers(expression.of).map((value) => (Number.isNaN(value) ? expression.value : value))
    case 'edges': {
      const { edges } = expression
      return numbers(expression.of).map((value) => (Number.isNaN(value) ? value : edgesUpTo(edges, value)))
    }
    case 'number_levels': {
      const otherwise = valueOf(expression.otherwise)
      const missing = valueOf(expression.missing)
      const values = new Map(expression.levels.map((level, i) => [level + 0, valueOf(expression.values[i])]))
      return numbers(expression.of).map((value) =>
        Number.isNaN(value) ? missing : (values.get(value + 0) ?? otherwise),
      )
    }
    case 'text_levels': {
      const otherwise = valueOf(expression.otherwise)
      const missing = valueOf(expression.missing)
      const values = new Map(expression.levels.map((level, i) => [level, valueOf(expression.values[i])]))
      const { codes, levels } = textsOf(expression.of, frame)
      const byCode = levels.map((level) => (level === '' ? missing : (values.get(level) ?? otherwise)))
      return Float64Array.from(codes, (code) => (code === -1 ? missing : (byCode[code] as number)))
    }
    case 'hash': {
      const { codes, levels } = textsOf(expression.of, frame)
      const byCode = levels.map((level) => hitsOf(level, expression))
      return Float64Array.from(codes, (code) => (code === -1 ? 0 : (byCode[code] as number)))
    }
  }
}

const functions = {
  floor: Math.floor,
  sin: Math.sin,
  cos: Math.cos,
  log: (value: number) => (value > 0 ? Math.log(value) : Number.NaN),
} as const

const operations = {
  add: (left: number, right: number) => left + right,
  subtract: (left: number, right: number) => left - right,
  multiply: (left: number, right: number) => left * right,
  divide: (left: number, right: number) => (right === 0 ? Number.NaN : left / right),
} as const

function edgesUpTo(edges: readonly number[], value: number): number {
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((edges[middle] as number) <= value) low = middle + 1
    else high = middle
  }
  return low
}

/** NaN cannot be written in JSON, so a fitted value that is missing is null. */
function valueOf(value: number | null | undefined): number {
  return value ?? Number.NaN
}

const encoder = new TextEncoder()

function hitsOf(
  text: string,
  { buckets, words, bucket }: Extract<NumberExpression, { kind: 'hash' }>,
): number {
  const parts = (words ? text.split(' ') : [text]).filter((part) => part !== '')
  return parts.filter((part) => murmur3(encoder.encode(part)) % buckets === bucket).length
}

function textsOf(expression: TextExpression, frame: Frame): CategoryColumn {
  if (expression.kind === 'text') {
    const column = frame.columns[expression.column]
    if (column?.kind === 'category') return column
    return fail('internal', `"${expression.column}" is no column of text.`)
  }
  const { codes, levels } = textsOf(expression.of, frame)
  const empty = levels.indexOf('')
  const at = levels.indexOf(expression.value)
  const code = at === -1 ? levels.length : at
  return {
    kind: 'category',
    codes: codes.map((own) => (own === -1 || own === empty ? code : own)),
    levels: at === -1 ? [...levels, expression.value] : levels,
  }
}
