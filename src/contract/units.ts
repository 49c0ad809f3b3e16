import { z } from 'zod'

/**
 * Durations and sizes as people write them (`30s`, `64MiB`), as field types for every section of the project file and
 * every endpoint. A bare number is refused on purpose: nobody can tell whether `timeout: 30` means seconds or
 * milliseconds.
 *
 * For a default write `.prefault('30s')`, not `.default(30_000)`: then the JSON Schema shows the default as a user
 * writes it.
 */

const millisecondsPerUnit = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const

/** Decimal units (SI) count in thousands, binary units (IEC 80000-13) in 1024s. */
const bytesPerUnit = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const

const durationPattern = /^\d+(?:\.\d+)?(?:ms|s|m|h|d|w)(?: ?\d+(?:\.\d+)?(?:ms|s|m|h|d|w))*$/
const sizePattern = /^\d+(?:\.\d+)? ?(?:B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/

const durationWords = 'a duration such as 500ms, 30s, 5m, 2h, 7d or 4w'
const sizeWords = 'a size such as 512B, 10MB or 64MiB'

/** `30s`, `5m`, `1h 30m` → whole milliseconds; undefined when the text is not a duration. */
export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/([\d.]+)([a-z]+)/g)) {
    totalMs += Number(amount) * millisecondsPerUnit[unit as keyof typeof millisecondsPerUnit]
  }
  return safeWhole(totalMs)
}

/** `10MB`, `64MiB` → whole bytes; undefined when the text is not a size. */
export function parseSize(text: string): number | undefined {
  if (!sizePattern.test(text)) return undefined
  const unit = text.replace(/^[\d. ]+/, '') as keyof typeof bytesPerUnit
  return safeWhole(Number.parseFloat(text) * bytesPerUnit[unit])
}

/** Reads text such as `30s` into milliseconds. */
export const durationMs = unitField({ pattern: durationPattern, words: durationWords, parse: parseDuration })

/** Reads text such as `64MiB` into bytes. */
export const sizeBytes = unitField({ pattern: sizePattern, words: sizeWords, parse: parseSize })

/**
 * Milliseconds for a reader, in at most two units: `340ms`, `1.2s`, `1m 5s`, `2h 30m`, `7d`. Text that has whole units
 * reads back to the same number with {@link parseDuration}; finer parts are rounded away.
 */
export function formatDuration(durationMs: number): string {
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`
  if (durationMs < 10) return `${trimmed(durationMs, 2)}ms`
  if (durationMs < 999.5) return `${Math.round(durationMs)}ms`
  if (durationMs < 59_950) return `${trimmed(durationMs / 1_000, 1)}s`
  const steps = [
    ['m', 's', 60_000, 1_000, 3_600_000],
    ['h', 'm', 3_600_000, 60_000, 86_400_000],
    ['d', 'h', 86_400_000, 3_600_000, Number.POSITIVE_INFINITY],
  ] as const
  for (const [large, small, largeMs, smallMs, limitMs] of steps) {
    const rounded = Math.round(durationMs / smallMs) * smallMs
    if (rounded >= limitMs) continue
    const rest = Math.round((rounded % largeMs) / smallMs)
    const whole = `${Math.floor(rounded / largeMs)}${large}`
    return rest === 0 ? whole : `${whole} ${rest}${small}`
  }
  return `${durationMs}ms`
}

/** Bytes for a reader, in decimal units: `512B`, `1.5kB`, `64MB`, `2.1GB`. */
export function formatBytes(sizeBytes: number): string {
  if (sizeBytes < 0) return `-${formatBytes(-sizeBytes)}`
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const
  let amount = sizeBytes
  let index = 0
  while (amount >= 999.5 && index < units.length - 1) {
    amount /= 1_000
    index += 1
  }
  return `${trimmed(amount, amount < 99.95 && index > 0 ? 1 : 0)}${units[index] ?? 'B'}`
}

/**
 * A whole number for a reader, thousands apart: `966,409`. By hand, since the first use of `Intl` in a process takes 50 ms,
 * a sixth of what a command may take.
 */
export function formatCount(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}

interface UnitField {
  readonly pattern: RegExp
  readonly words: string
  readonly parse: (text: string) => number | undefined
}

function unitField({ pattern, words, parse }: UnitField) {
  const error = (issue: { readonly input?: unknown }) =>
    issue.input === undefined ? undefined : `found ${JSON.stringify(issue.input)}, expected ${words}`
  return z
    .string({ error })
    .regex(pattern, { error })
    .transform((text, context) => {
      const value = parse(text)
      if (value !== undefined) return value
      context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is too large`, input: text })
      return z.NEVER
    })
    .meta({ description: `${words.charAt(0).toUpperCase()}${words.slice(1)}` })
}

function safeWhole(value: number): number | undefined {
  const rounded = Math.round(value)
  return Number.isSafeInteger(rounded) ? rounded : undefined
}

/** Fixed digits without trailing zeros: 1.50 → 1.5, 2.0 → 2. */
function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
