import { isUtf8 } from 'node:buffer'
import { fail } from '#contract/errors'

/** Rows of fields by RFC 4180: quoted fields may hold commas, line ends and doubled quotes. */
export function parseCsvBody(body: Buffer): string[][] {
  if (!isUtf8(body)) fail('invalid_input', 'The body is not valid UTF-8.')
  const text = body.toString('utf8').replace(/^\uFEFF/, '')
  const rows: string[][] = []
  let row: string[] = []
  let i = 0
  while (i < text.length) {
    const field = text[i] === '"' ? quotedField(text, i) : plainField(text, i)
    row.push(field.value)
    const next = text[field.end]
    if (next === ',') {
      i = field.end + 1
      if (i === text.length) row.push('')
      continue
    }
    rows.push(row)
    row = []
    i = next === '\r' && text[field.end + 1] === '\n' ? field.end + 2 : field.end + 1
    if (i >= text.length) return rows
  }
  if (row.length > 0) rows.push(row)
  return rows
}

interface Field {
  readonly value: string
  /** Index of the comma or line end after the field. */
  readonly end: number
}

function plainField(text: string, start: number): Field {
  let end = start
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end++
  return { value: text.slice(start, end), end }
}

function quotedField(text: string, start: number): Field {
  let value = ''
  let from = start + 1
  for (;;) {
    const close = text.indexOf('"', from)
    if (close === -1) fail('invalid_input', 'A quoted field of the CSV body is never closed.')
    value += text.slice(from, close)
    if (text[close + 1] !== '"') {
      const after = text[close + 1]
      if (after !== undefined && after !== ',' && after !== '\n' && after !== '\r') {
        fail('invalid_input', `The CSV body has text after the closing quote of "${value.slice(0, 40)}".`)
      }
      return { value, end: close + 1 }
    }
    value += '"'
    from = close + 2
  }
}
