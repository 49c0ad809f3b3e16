import { basename } from 'node:path'
import { DevmlopsError, fail } from '#contract/errors'
import type { DatasetConfig, Format } from '../section.ts'
import type { ArrivingFile } from './arriving-file.ts'
import type { FoundFile } from './find-files.ts'
import { inspectFile } from './inspect-file.ts'

type ReadingConfig = Pick<DatasetConfig, 'format' | 'encoding' | 'sheet' | 'header_row'>

/**
 * A file, looked at once and ready to be read as rows. What DuckDB cannot read, a spreadsheet or text that is no UTF-8, is
 * turned into what it can, in the spool.
 * @throws unreadable_data, invalid_input for a format that nobody knows.
 */
export async function arrivingFile(
  found: FoundFile & { readonly fileName?: string; readonly contentType?: string | undefined },
  config: ReadingConfig,
  spool: string,
): Promise<ArrivingFile> {
  const { path, name, fileName = basename(name) } = found
  const format =
    config.format ??
    formatOf(fileName) ??
    formatOfType(found.contentType) ??
    fail(
      'invalid_input',
      `${name} has no known ending; .csv, .tsv, .json, .ndjson, .parquet or .xlsx is expected.`,
      { hint: 'Set `format` of the dataset in devmlops.yaml.', at: name },
    )
  const isText = format !== 'parquet' && format !== 'xlsx'
  const compressed = /\.gz$/i.test(fileName) && isText
  try {
    if (format === 'xlsx') {
      const { renderSheet } = await import('../rows/render-sheet.ts')
      return await renderSheet({ path, name }, config, spool)
    }
    if (isText && config.encoding !== 'utf-8') {
      const { renderText } = await import('../rows/render-text.ts')
      const rendered = await renderText({ path, name, compressed }, config.encoding, spool)
      return { name, format, compressed: false, ...rendered }
    }
  } catch (error) {
    if (!(error instanceof DevmlopsError) || error.code !== 'unreadable_data') throw error
    // Refused when it is its turn, so that it does not keep others out.
    const facts = await inspectFile(path, name, { isText: false, compressed: false })
    return { name, path, format, compressed: false, facts, unreadable: error }
  }
  const facts = await inspectFile(path, name, {
    isText,
    compressed,
    // A JSON array may stand in one line.
    longestLineBytes: format === 'csv' || format === 'tsv' ? longestLineBytes : undefined,
  })
  return { name, path, format, compressed, facts }
}

/** DuckDB's own limit for a line of CSV; said here before a gigabyte of it is in memory. */
export const longestLineBytes = 2_000_000

const endings: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  json: 'json',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  parquet: 'parquet',
  xlsx: 'xlsx',
}

function formatOf(fileName: string): Format | undefined {
  const ending = /\.([A-Za-z]+)(?:\.gz)?$/i.exec(fileName)?.[1]
  return endings[ending?.toLowerCase() ?? '']
}

function formatOfType(contentType: string | undefined): Format | undefined {
  const type = contentType?.split(';')[0]?.trim()
  if (type === 'text/csv') return 'csv'
  if (type === 'text/tab-separated-values') return 'tsv'
  if (type === 'application/json') return 'json'
  if (type === 'application/x-ndjson') return 'ndjson'
  if (type === 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet') return 'xlsx'
  return type === 'application/vnd.apache.parquet' ? 'parquet' : undefined
}
