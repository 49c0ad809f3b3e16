import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { fail } from '#contract/errors'
import { requireColumnCount } from './column-limit.ts'

/** A header longer than this is no header. */
const maximumHeaderBytes = 1 << 20
const delimiters = [',', '\t', ';', '|'] as const

export interface CsvHeader {
  readonly delimiter: string
  readonly columns: readonly string[]
}

/**
 * Reads the header line of a CSV file. Not left to a sniffer: one that meets a ragged line rather believes in another
 * delimiter, or skips the header, than says so.
 * @throws unreadable_data for an empty file and for empty or duplicate names.
 */
export async function readCsvHeader(
  path: string,
  { name, compressed, delimiter }: { name: string; compressed: boolean; delimiter: string | undefined },
): Promise<CsvHeader> {
  const line = await firstRecord(path, name, compressed)
  if (line.trim() === '') {
    fail('unreadable_data', `${name} is empty; a header line with the names of the columns is expected.`, {
      at: name,
    })
  }
  const separator = delimiter ?? mostFrequent(line)
  const columns = fieldsOf(line, separator)
  requireColumnCount(columns.length, name)
  const seen = new Map<string, number>()
  for (const [index, column] of columns.entries()) {
    // As SQL compares names: two that differ in case only are one column to it.
    const first = seen.get(column.toLowerCase()) ?? index
    seen.set(column.toLowerCase(), first)
    if (column === '') {
      fail('unreadable_data', `${name}, line 1: column ${index + 1} has no name.`, {
        hint: 'The first line must name every column.',
        at: `${name}:1`,
      })
    }
    if (first !== index) {
      fail(
        'unreadable_data',
        `${name}, line 1: the name "${column}" stands for column ${first + 1} and column ${index + 1}.`,
        { hint: 'Give each column a name of its own.', at: `${name}:1` },
      )
    }
  }
  return { delimiter: separator, columns }
}

async function firstRecord(path: string, name: string, compressed: boolean): Promise<string> {
  const file = createReadStream(path)
  const bytes = compressed ? file.pipe(createGunzip()) : file
  let text = ''
  try {
    for await (const chunk of bytes) {
      text += (chunk as Buffer).toString('utf8')
      const end = endOfRecord(text)
      if (end !== -1) return withoutMark(text.slice(0, end))
      if (text.length > maximumHeaderBytes) {
        fail(
          'unreadable_data',
          `${name}: the first line is longer than 1 MB; the names of columns are expected.`,
          {
            at: `${name}:1`,
          },
        )
      }
    }
  } finally {
    file.destroy()
  }
  return withoutMark(text)
}

/** Where the first line ends that does not end inside of quotes; -1 when it goes on. */
function endOfRecord(text: string): number {
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') quoted = !quoted
    else if (!quoted && (character === '\n' || character === '\r')) return at
  }
  return -1
}

function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

function mostFrequent(line: string): string {
  const counted = delimiters.map((delimiter) => ({ delimiter, count: fieldsOf(line, delimiter).length }))
  return counted.reduce((best, next) => (next.count > best.count ? next : best)).delimiter
}

/** RFC 4180: a quoted field ends at a quote that is not doubled. */
function fieldsOf(line: string, delimiter: string): string[] {
  const fields: string[] = []
  let field = ''
  let quoted = false
  for (let at = 0; at < line.length; at++) {
    const character = line[at] as string
    if (quoted && character === '"' && line[at + 1] === '"') {
      field += '"'
      at++
    } else if (character === '"') quoted = !quoted
    else if (character === delimiter && !quoted) {
      fields.push(field)
      field = ''
    } else field += character
  }
  return [...fields, field]
}
