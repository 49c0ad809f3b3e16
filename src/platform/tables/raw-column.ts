import { quoteName } from './quote.ts'

/** Whether a DuckDB type is a moment. */
export function isTimeType(type: string): boolean {
  return /^(TIMESTAMP|DATE)/.test(type)
}

/**
 * A moment as a frame and a serving process hold it: milliseconds since 1970 (UTC), missing where it is infinity.
 */
export function epochMilliseconds(name: string): string {
  const moment = `CAST(${quoteName(name)} AS TIMESTAMP)`
  return `CASE WHEN isfinite(${moment}) THEN epoch_ms(${moment}) END`
}

/** The same under the name of the column. */
export function timeColumn(name: string): string {
  return `${epochMilliseconds(name)} AS ${quoteName(name)}`
}
