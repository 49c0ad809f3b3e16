/** A date or time as databases write it: what stands before the seconds' fraction, the fraction, and a zone. */
const timePattern = /^(\d{4}-\d{2}-\d{2})(?:([ T])(\d{2}:\d{2}:\d{2})(\.\d+)?)?(Z|[+-]00(?::?00)?)?$/

/**
 * The value from which on rows are fetched again: the newest one that was seen, less the lag. Written as the database
 * wrote it, so that a comparison as text (SQLite) works too. Undefined when a lag cannot be taken off the value.
 * @param lag milliseconds for a cursor of times, a number for a cursor of numbers.
 */
export function cursorBound(newest: string, lag: number | undefined): string | undefined {
  if (lag === undefined || lag === 0) return newest
  if (/^-?\d+$/.test(newest)) return (BigInt(newest) - BigInt(Math.round(lag))).toString()
  if (/^-?\d+\.\d+$/.test(newest)) return String(Number(newest) - lag)
  const [, day = '', separator, time, fraction = '', zone = ''] = timePattern.exec(newest) ?? []
  if (day === '') return undefined
  const wholeMs = Date.parse(`${day}T${time ?? '00:00:00'}Z`)
  if (Number.isNaN(wholeMs)) return undefined
  // Whole seconds off the seconds: the fraction, which may be finer than a millisecond, stays as it is.
  const earlier = new Date(wholeMs - Math.ceil(lag / 1000) * 1000).toISOString()
  if (separator === undefined) return `${earlier.slice(0, 10)}${zone}`
  return `${earlier.slice(0, 10)}${separator}${earlier.slice(11, 19)}${fraction}${zone}`
}
