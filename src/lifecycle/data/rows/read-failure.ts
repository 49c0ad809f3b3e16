import { DevmlopsError, messageOf } from '#contract/errors'

interface Finding {
  readonly message: string
  readonly line?: string | undefined
}

const damaged = 'The file is damaged or only half written. Ask its source for it again.'

/**
 * What DuckDB says about a file, in a sentence that names the user's file (not the copy that was read), the line and
 * the column.
 */
export function explainReadFailure(error: unknown, name: string): DevmlopsError {
  // What names its place was said by us; what the machine lacks is no fault of the file.
  if (error instanceof DevmlopsError && (error.at !== undefined || isOfTheMachine(error))) return error
  const text = messageOf(error)
  const { message, line } = findingIn(text)
  return new DevmlopsError(
    'unreadable_data',
    `${name}${line === undefined ? '' : `, line ${line}`}: ${message}.`,
    {
      hint: hintFor(text),
      at: line === undefined ? name : `${name}:${line}`,
      cause: error,
    },
  )
}

function findingIn(text: string): Finding {
  const line = /(?:CSV Error on Line: |in (?:record\/value|line) )(\d+)/.exec(text)?.[1]
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(text)
  if (counts !== null) return { message: `expected ${counts[1]} columns, found ${counts[2]}`, line }
  const converted = /Error when converting column "(.+?)"\. (.+)/.exec(text)
  if (converted !== null) return { message: `column "${converted[1]}": ${trimmed(converted[2])}`, line }
  if (/unterminated quote/.test(text)) return { message: 'a quote is opened and never closed', line }
  if (/Invalid unicode/i.test(text)) return { message: 'the text is not UTF-8', line }
  if (/Maximum line size|max_line_size/.test(text)) return { message: 'a line is longer than 2 MB', line }
  const malformed = /Malformed JSON.*?: (.+)/.exec(text)
  if (malformed !== null) return { message: `the JSON is malformed: ${trimmed(malformed[1])}`, line }
  if (/top-level JSON array/.test(text)) return { message: 'a JSON array of objects is expected' }
  if (/Parquet|parquet|magic bytes|Snappy|thrift|TProtocol/i.test(text)) {
    return { message: `it is not a whole Parquet file (${firstSentence(text)})` }
  }
  return { message: firstSentence(text), line }
}

function hintFor(text: string): string {
  if (/Number of Columns|unterminated quote|state machine/.test(text)) {
    return 'Correct the line, or put fields that contain the delimiter or a quote into double quotes.'
  }
  if (/Invalid unicode/i.test(text))
    return 'Convert the file, for example: iconv -f WINDOWS-1252 -t UTF-8 FILE'
  return damaged
}

/** The first sentence without the kind of error and without paths of our own. */
function firstSentence(text: string): string {
  const [first = text] = text.replace(/^(?:SQL failed: )?[A-Z][A-Za-z ]* Error: /, '').split('\n')
  return trimmed(first.replaceAll(/ ?(?:for |in |of )?(?:file )?['"]\/[^'"]*['"]/gi, ''))
}

function trimmed(text: string | undefined): string {
  return (text ?? '').trim().replace(/\.$/, '')
}

/** The disk is full, or somebody stopped it: says nothing about data. */
export function isOfTheMachine(error: unknown): boolean {
  return error instanceof DevmlopsError && (error.code === 'storage_full' || error.code === 'cancelled')
}
