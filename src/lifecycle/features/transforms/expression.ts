/**
 * What a feature is computed by, as data: evaluated on columns for training and written as ONNX nodes for the model's
 * graph. There is one description, so the two cannot drift apart. Numbers are doubles on both sides and NaN is missing; a
 * time is its milliseconds since 1970 (UTC); '' is a missing text.
 */
export type NumberExpression =
  | { readonly kind: 'number'; readonly column: string }
  | { readonly kind: 'constant'; readonly value: number }
  /** The logarithm of what is not above 0 is missing. */
  | {
      readonly kind: 'apply'
      readonly operation: 'floor' | 'sin' | 'cos' | 'log'
      readonly of: NumberExpression
    }
  /** What is divided by 0 is missing. */
  | {
      readonly kind: 'combine'
      readonly operation: 'add' | 'subtract' | 'multiply' | 'divide'
      readonly left: NumberExpression
      readonly right: NumberExpression
    }
  | { readonly kind: 'fill'; readonly of: NumberExpression; readonly value: number }
  /** How many edges are at or below the value; missing stays missing. */
  | { readonly kind: 'edges'; readonly of: NumberExpression; readonly edges: readonly number[] }
  | NumberLevels
  | TextLevels
  /** How often a bucket is hit by the text, or by its words. */
  | {
      readonly kind: 'hash'
      readonly of: TextExpression
      readonly buckets: number
      readonly words: boolean
      readonly bucket: number
    }

export type TextExpression =
  | { readonly kind: 'text'; readonly column: string }
  | { readonly kind: 'fill_text'; readonly of: TextExpression; readonly value: string }

/** A value for each level; NaN as a value is missing. */
export interface NumberLevels {
  readonly kind: 'number_levels'
  readonly of: NumberExpression
  readonly levels: readonly number[]
  readonly values: readonly (number | null)[]
  readonly otherwise: number | null
  readonly missing: number | null
}

export interface TextLevels {
  readonly kind: 'text_levels'
  readonly of: TextExpression
  readonly levels: readonly string[]
  readonly values: readonly (number | null)[]
  readonly otherwise: number | null
  readonly missing: number | null
}

export type Expression = NumberExpression | TextExpression

export function isText(expression: Expression): expression is TextExpression {
  return expression.kind === 'text' || expression.kind === 'fill_text'
}

export const constant = (value: number): NumberExpression => ({ kind: 'constant', value })

type Operand = NumberExpression | number

function combine(operation: 'add' | 'subtract' | 'multiply' | 'divide') {
  return (left: Operand, right: Operand): NumberExpression => ({
    kind: 'combine',
    operation,
    left: typeof left === 'number' ? constant(left) : left,
    right: typeof right === 'number' ? constant(right) : right,
  })
}

export const add = combine('add')
export const subtract = combine('subtract')
export const multiply = combine('multiply')
export const divide = combine('divide')

export function apply(operation: 'floor' | 'sin' | 'cos' | 'log', of: NumberExpression): NumberExpression {
  return { kind: 'apply', operation, of }
}

export const floorOf = (of: NumberExpression): NumberExpression => apply('floor', of)

/** Columns that an expression reads. */
export function columnsRead(expression: Expression): string[] {
  switch (expression.kind) {
    case 'number':
    case 'text':
      return [expression.column]
    case 'constant':
      return []
    case 'combine':
      return [...columnsRead(expression.left), ...columnsRead(expression.right)]
    default:
      return columnsRead(expression.of)
  }
}
