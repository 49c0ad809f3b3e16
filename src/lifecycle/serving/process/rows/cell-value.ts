import type { SignatureInput } from '../../plan.ts'

type NumberType = Exclude<SignatureInput['type'], 'string'>

const largestInteger = 2 ** 31 - 1
const smallestInteger = -(2 ** 31)
const integerRange = `a whole number from ${smallestInteger} to ${largestInteger} is expected`
/** Anything larger rounds to infinity as a 32-bit float: half a step above the largest float. */
const floatLimit = (2 - 2 ** -24) * 2 ** 127

const largestLong = 2n ** 63n - 1n

/**
 * A JSON value as the number that stands for it in a batch, or what was expected instead. JSON has one kind of number, so
 * whole numbers pass as floats and doubles, and nothing passes that would change: MLflow's table of casts. A whole number
 * beyond 2^53 is a bigint, as `parseJsonBody` reads it, and stays one for a long.
 */
export function readNumber(type: NumberType, given: unknown): number | bigint | string {
  const value = typeof given === 'bigint' && (type === 'float' || type === 'double') ? Number(given) : given
  switch (type) {
    case 'boolean':
      if (value === true) return 1
      return value === false ? 0 : 'true or false is expected'
    case 'integer':
      if (typeof value === 'bigint') return integerRange
      if (typeof value !== 'number' || !Number.isInteger(value)) return 'a whole number is expected'
      if (value >= smallestInteger && value <= largestInteger) return value
      return integerRange
    case 'long':
      if (typeof value === 'bigint')
        return value <= largestLong && value >= -largestLong - 1n
          ? value
          : 'a whole number of 64 bits is expected'
      if (typeof value !== 'number' || !Number.isInteger(value)) return 'a whole number is expected'
      return Number.isSafeInteger(value) ? value : 'beyond 2^53 - 1 a whole number is not exact'
    case 'float':
      if (typeof value !== 'number') return 'a number is expected'
      return Math.abs(value) < floatLimit
        ? value
        : 'a finite number within the range of a 32-bit float is expected'
    case 'double':
      if (typeof value !== 'number') return 'a number is expected'
      return Number.isFinite(value) ? value : 'a finite number is expected'
    case 'datetime':
      return readDatetime(value)
  }
}

const datetimePattern =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/

/** Epoch milliseconds of an ISO 8601 text; without a zone it is UTC. A whole number is epoch milliseconds already. */
export function readDatetime(value: unknown): number | string {
  const expected = 'a date such as "2001-06-30T15:45:00Z", or epoch milliseconds, is expected'
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && Math.abs(value) <= 8.64e15 ? value : expected
  if (typeof value !== 'string' || !datetimePattern.test(value)) return expected
  const zoned = value.length > 10 && !/(?:Z|[+-]\d{2}:?\d{2})$/.test(value.slice(10)) ? `${value}Z` : value
  const time = Date.parse(zoned.replace(' ', 'T'))
  return Number.isNaN(time) ? expected : time
}

/**
 * What a cell of a CSV file says, as the JSON value it would be. Text that is none stays text, so that the check of the
 * field names it.
 */
export function readTextCell(type: SignatureInput['type'], text: string): unknown {
  if (text === '') return null
  if (type === 'string' || type === 'datetime') return text
  const lower = text.trim().toLowerCase()
  if (lower === 'nan' || lower === 'na' || lower === 'null' || lower === '') return null
  if (type === 'boolean') return lower === 'true' ? true : lower === 'false' ? false : text
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(lower) ? Number(lower) : text
}
