import { fail } from '#contract/errors'
import { filterLimits } from './filter.ts'
import { checkText, excerpt, tokensOf } from './lexer.ts'
import { fieldOf } from './parse-filter.ts'

/** One key to sort by: `metrics.rmse DESC`. Ascending when nothing is said. */
export interface Order {
  readonly prefix?: string
  readonly key: string
  readonly descending: boolean
}

/** Reads one order clause in MLflow's way of writing them. Fails with `invalid_input`. */
export function parseOrder(text: string): Order {
  checkText(text, 'order', filterLimits.orderLength)
  const refuse = (why: string): never =>
    fail('invalid_input', `Invalid order_by clause '${excerpt(text, 0)}'${why}`, {
      at: 'orderBy',
      hint: 'Write a field and ASC or DESC, such as "metrics.rmse DESC"; a name with spaces in backticks.',
    })
  const [field, direction, more] = tokensOf(text)
  if (field?.kind !== 'path' || more !== undefined) return refuse('. Could not be parsed.')
  if (direction === undefined) return { ...fieldOf(field), descending: false }
  const word = direction.kind === 'path' ? fieldOf(direction).key.toUpperCase() : ''
  if (word !== 'ASC' && word !== 'DESC') return refuse(': after the field comes ASC or DESC.')
  return { ...fieldOf(field), descending: word === 'DESC' }
}
