/** How a text is written, as far as it could be something other than text. */
export type TextFormat =
  | 'number'
  | 'leading zero'
  | 'boolean'
  | 'placeholder'
  | 'text'
  | 'YYYY-MM-DD'
  | 'D/M/Y with slashes'
  | 'D.M.Y with dots'
  | 'D-M-Y with dashes'
  | 'YYYY/MM/DD'
  | 'a date with the month in letters'

/** What stands where somebody did not know: as people, spreadsheets and programs write it. */
const placeholders = new Set([
  '',
  'na',
  'n/a',
  '#n/a',
  'n.a.',
  'nan',
  'null',
  'none',
  'nil',
  '?',
  '??',
  '-',
  '--',
  '.',
  'unknown',
  'missing',
  'undefined',
  'not available',
])
const booleans = new Set(['true', 'false', 'yes', 'no', 'y', 'n', 't', 'f'])

const dateFormats: readonly (readonly [TextFormat, RegExp])[] = [
  ['YYYY-MM-DD', /^\d{4}-\d{1,2}-\d{1,2}(?:$|[T ])/],
  ['YYYY/MM/DD', /^\d{4}\/\d{1,2}\/\d{1,2}(?:$|[T ])/],
  ['D/M/Y with slashes', /^\d{1,2}\/\d{1,2}\/(?:\d{2}|\d{4})(?:$| )/],
  ['D.M.Y with dots', /^\d{1,2}\.\d{1,2}\.(?:\d{2}|\d{4})(?:$| )/],
  ['D-M-Y with dashes', /^\d{1,2}-\d{1,2}-\d{4}(?:$| )/],
  [
    'a date with the month in letters',
    /^(?:\d{1,2}[ -])?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -.]+\d{1,2}(?:,? \d{4})?$|^\d{1,2}[ -](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]\d{2,4}$/i,
  ],
]

export function isPlaceholder(text: string): boolean {
  return placeholders.has(text.trim().toLowerCase())
}

export function textFormatOf(raw: string): TextFormat {
  const text = raw.trim()
  if (isPlaceholder(text)) return 'placeholder'
  if (/^0\d+$/.test(text)) return 'leading zero'
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return 'number'
  // 1,234.50 and 12 %: numbers to a person.
  if (/^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$|^[+-]?\d+(?:\.\d+)? ?%$|^[$€£]\s?\d/.test(text)) return 'number'
  if (booleans.has(text.toLowerCase())) return 'boolean'
  return dateFormats.find(([, pattern]) => pattern.test(text))?.[0] ?? 'text'
}

export function isDateFormat(format: TextFormat): boolean {
  return dateFormats.some(([name]) => name === format)
}
