import { fail } from '#contract/errors'
import { describe } from './field-error.ts'

const maximumRank = 8

/** A shape as a request says it: 1 to 8 whole numbers from 0, whose product can exist. */
export function readShape(shape: unknown, at: string): readonly number[] {
  if (!Array.isArray(shape) || shape.length === 0 || shape.length > maximumRank) {
    fail(
      'invalid_input',
      `${at} is ${describe(shape)}; a list of 1 to ${maximumRank} whole numbers is expected.`,
      { at },
    )
  }
  for (const dimension of shape as readonly unknown[]) {
    if (!Number.isSafeInteger(dimension) || (dimension as number) < 0) {
      fail(
        'invalid_input',
        `${at} has the dimension ${describe(dimension)}; whole numbers from 0 are expected.`,
        { at },
      )
    }
  }
  if (!Number.isSafeInteger(elementsOf(shape as number[])))
    fail('invalid_input', `${at} describes more elements than can exist.`, { at })
  return shape as number[]
}

export function elementsOf(shape: readonly number[]): number {
  let product = 1
  for (const dimension of shape) product *= dimension
  return product
}

/** Row-major values of flat or nested lists; nested ones must have exactly the shape. */
export function nestedValues(data: unknown, shape: readonly number[], at: string): readonly unknown[] {
  if (!Array.isArray(data))
    return fail('invalid_input', `${at} is ${describe(data)}; a list is expected.`, { at })
  if (!Array.isArray(data[0])) {
    const count = elementsOf(shape)
    if (data.length === count) return data
    return fail(
      'invalid_input',
      `${at} has ${data.length} elements; the shape [${shape.join(', ')}] has ${count}.`,
      { at },
    )
  }
  const values: unknown[] = []
  collect({ data, level: 0, at }, shape, values)
  return values
}

function collect(
  { data, level, at }: { readonly data: unknown; readonly level: number; readonly at: string },
  shape: readonly number[],
  values: unknown[],
): void {
  if (!Array.isArray(data) || data.length !== shape[level]) {
    fail('invalid_input', `${at} does not have the shape [${shape.join(', ')}].`, { at })
  }
  if (level === shape.length - 1) {
    for (const value of data) values.push(value)
    return
  }
  for (let index = 0; index < data.length; index++) {
    collect({ data: data[index], level: level + 1, at: `${at}[${index}]` }, shape, values)
  }
}
