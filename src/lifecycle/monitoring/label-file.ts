import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { openTables, quoteText, type Row } from '#platform/tables/index'

export interface LabelRow {
  readonly id: string
  readonly label: number
  /** As in the file: epoch milliseconds or ISO 8601. */
  readonly time?: number | string
}

const readers: Readonly<Record<string, (path: string) => string>> = {
  '.csv': (path) => `read_csv(${path}, header = true, all_varchar = true)`,
  '.tsv': (path) => `read_csv(${path}, header = true, all_varchar = true, delim = '\t')`,
  '.json': (path) => `read_json_auto(${path})`,
  '.ndjson': (path) => `read_json_auto(${path}, format = 'newline_delimited')`,
  '.jsonl': (path) => `read_json_auto(${path}, format = 'newline_delimited')`,
  '.parquet': (path) => `read_parquet(${path})`,
}

/** Labels of a file with the columns `id`, `label` and, if it likes, `time`. */
export async function readLabelFile(file: string): Promise<LabelRow[]> {
  const source = readers[extname(file).toLowerCase()]
  if (source === undefined) {
    return fail('invalid_input', `${file}: labels are read from ${Object.keys(readers).join(', ')} files.`)
  }
  await stat(file).catch(() => fail('not_found', `There is no file ${file}.`))
  const temporaryDirectory = await mkdtemp(join(tmpdir(), 'devmlops-labels-'))
  const tables = await openTables({ allowedDirectories: [], allowedPaths: [file], temporaryDirectory })
  try {
    const from = source(quoteText(file))
    const columns = (await tables.columns(`SELECT * FROM ${from}`)).map(({ name }) => name)
    const missing = ['id', 'label'].filter((name) => !columns.includes(name))
    if (missing.length > 0) {
      fail(
        'unreadable_data',
        `${file} has no column "${missing.join('" and "')}"; it has ${columns.join(', ')}.`,
        {
          hint: 'A file of labels has the columns id and label, and may have time.',
        },
      )
    }
    const time = columns.includes('time') ? ', CAST(time AS VARCHAR) AS time' : ''
    const rows = await tables.rows(
      `SELECT CAST(id AS VARCHAR) AS id, CAST(label AS VARCHAR) AS label${time} FROM ${from}`,
    )
    return rows.map((row, index) => labelOf(row, `${file}, row ${index + 1}`))
  } catch (error) {
    if (error instanceof DevmlopsError && error.code === 'unreadable_data') throw error
    return fail('unreadable_data', `${file}: ${messageOf(error).split('\n')[0] ?? ''}`)
  } finally {
    tables.close()
    await rm(temporaryDirectory, { recursive: true, force: true })
  }
}

function labelOf({ id, label, time }: Row, at: string): LabelRow {
  if (typeof id !== 'string' || id === '') return fail('unreadable_data', `${at}: the id is empty.`)
  const text = typeof label === 'string' ? label : ''
  const value = parseLabel(text)
  if (value === undefined) {
    return fail(
      'unreadable_data',
      `${at}: the label of "${id}" is "${text}"; expected a number, true or false.`,
    )
  }
  return typeof time === 'string' ? { id, label: value, time: timeOf(time, at) } : { id, label: value }
}

export function parseLabel(text: string): number | undefined {
  const lower = text.trim().toLowerCase()
  if (lower === 'true' || lower === 'false') return Number(lower === 'true')
  const value = Number(lower)
  return lower === '' || !Number.isFinite(value) ? undefined : value
}

function timeOf(text: string, at: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  // A time without a zone is in UTC, as everywhere in a log.
  const zoned = /(Z|[+-]\d{2}:?\d{2}|[+-]\d{2})$/.test(text) ? text : `${text}Z`
  const time = Date.parse(zoned.replace(' ', 'T').replace(/([+-]\d{2})$/, '$1:00'))
  return Number.isNaN(time) ? fail('unreadable_data', `${at}: "${text}" is no time.`) : time
}
