import type { ColumnType } from '../rows/column-type.ts'
import { ruleOf, type ColumnRule, type Masking } from './masking.ts'

export type PlainCell = string | number | boolean | null
type PlainRow = Readonly<Record<string, PlainCell>>

export const hidden = '***'

/**
 * A row as it may leave. `types` tells numbers that happen to be whole from whole numbers; without it each value speaks
 * for itself.
 */
export function maskRow(
  masking: Masking,
  row: PlainRow,
  types?: ReadonlyMap<string, ColumnType>,
): Record<string, PlainCell> {
  if (masking.rules.size === 0) return { ...row }
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]): [string, PlainCell][] => {
      const rule = ruleOf(masking, name)
      if (rule === undefined) return [[name, value]]
      if (rule.action === 'drop') return []
      return [[name, maskCell(value, { rule, masking, type: types?.get(name) })]]
    }),
  )
}

/** One value as it may leave. A missing value stays missing: that it is missing is counted everywhere. */
export function maskCell(
  value: PlainCell,
  { rule, masking, type }: { rule: ColumnRule; masking: Pick<Masking, 'key'>; type?: ColumnType | undefined },
): PlainCell {
  if (value === null) return null
  switch (rule.action) {
    case 'drop':
      return hidden
    case 'hash':
      return masking.key === undefined ? maskForm(value, rule) : masking.key.hash(String(value))
    case 'mask':
      return maskForm(value, rule)
    case 'generalise':
      return generalise(value, rule, type)
  }
}

const email = /^[^@\s]+@[^@\s]+\.([A-Za-z]{2,})$/
const startsWithDate = /^\d{4}-\d{2}-\d{2}/
const dottedAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/
const digitsAndSeparators = /^[+(]?[0-9][0-9 ()./-]*$/
const bankAccount = /^[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 ]{11,}$/
const cardDigits = 12
const phoneDigits = 7
/** A shorter text is not told apart from others by its first letter alone, it is given away. */
const shortestWithInitial = 5

function maskForm(value: Exclude<PlainCell, null>, rule: ColumnRule): string {
  if (rule.class === 'special' || typeof value === 'boolean') return hidden
  if (typeof value === 'number') {
    const digits = String(value)
    return Number.isInteger(value) && /^\d+$/.test(digits) && digits.length >= cardDigits
      ? `${hidden}${digits.slice(-4)}`
      : hidden
  }
  const address = email.exec(value)
  if (address !== null) {
    const domain = value.slice(value.indexOf('@') + 1)
    return `${first(value)}${hidden}@${first(domain)}${hidden}.${address[1] ?? ''}`
  }
  if (startsWithDate.test(value) || dottedAddress.test(value)) return hidden
  if (digitsAndSeparators.test(value)) {
    const digits = value.replaceAll(/[^0-9]/g, '')
    if (digits.length >= cardDigits) return `${hidden}${digits.slice(-4)}`
    return digits.length >= phoneDigits ? `${hidden}${digits.slice(-2)}` : hidden
  }
  if (bankAccount.test(value)) return `${value.slice(0, 2)}${hidden}${value.slice(-4)}`
  return Array.from(value).length >= shortestWithInitial ? `${first(value)}${hidden}` : hidden
}

function first(text: string): string {
  return Array.from(text)[0] ?? ''
}

function generalise(value: Exclude<PlainCell, null>, rule: ColumnRule, type: ColumnType | undefined): string {
  if (typeof value === 'boolean') return hidden
  if (typeof value === 'number') return bandOf(value, rule.band, type ?? 'number')
  if (startsWithDate.test(value)) return value.slice(0, rule.period === 'year' ? 4 : 7)
  if (dottedAddress.test(value)) return `${value.split('.').slice(0, 2).join('.')}.*.*`
  const letters = Array.from(value)
  return letters.length > rule.prefix + 1 ? `${letters.slice(0, rule.prefix).join('')}${hidden}` : hidden
}

/** `30 to 39` for whole numbers, `30 to 40` (the upper end excluded) for others. */
function bandOf(value: number, band: number | undefined, type: ColumnType): string {
  if (!Number.isFinite(value)) return hidden
  const width = band ?? leadingDigit(value)
  const low = Math.floor(value / width) * width
  const isWhole = type === 'integer' && Number.isInteger(width)
  return `${low} to ${isWhole ? low + width - 1 : low + width}`
}

function leadingDigit(value: number): number {
  return value === 0 ? 10 : 10 ** Math.max(1, Math.floor(Math.log10(Math.abs(value))))
}
