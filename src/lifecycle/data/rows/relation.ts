import { quoteName, quoteText } from '#platform/tables/index'
import type { Column } from './column-type.ts'
import { sameReading } from '../versions/manifest-digest.ts'
import type { Part, Reading } from '../versions/snapshot.ts'

/** A part with a local file that holds its bytes. */
export interface LocalPart {
  readonly part: Pick<Part, 'reading'>
  readonly path: string
}

/**
 * The rows of all parts, in order, as an expression that stands after FROM. Columns are matched by name; a part that
 * lacks one has it empty.
 */
export function relationOf(columns: readonly Column[], parts: readonly LocalPart[]): string {
  const groups = groupsOf(parts).map(({ reading, paths }) => readingCall(reading, paths, columns))
  const [only] = groups
  if (groups.length === 1 && only !== undefined && sameOrder(columns, parts)) return only
  const list = columns.map(
    ({ name, sqlType }) => `CAST(${quoteName(name)} AS ${sqlType}) AS ${quoteName(name)}`,
  )
  // The empty first row set gives a column that no part has (any more) its name and type.
  const shape = columns.map(({ name, sqlType }) => `CAST(NULL AS ${sqlType}) AS ${quoteName(name)}`)
  const all = [`SELECT ${shape.join(', ')} WHERE false`, ...groups.map((call) => `SELECT * FROM ${call}`)]
  return `(SELECT ${list.join(', ')} FROM (${all.join(' UNION ALL BY NAME ')}))`
}

/** One reader call; text formats are read by what was found when the file arrived, never guessed again. */
export function readingCall(reading: Reading, paths: readonly string[], columns: readonly Column[]): string {
  const list = `[${paths.map(quoteText).join(', ')}]`
  if (reading.format === 'parquet') return `read_parquet(${list}, union_by_name = true)`
  const types = new Map(columns.map(({ name, sqlType }) => [name, sqlType]))
  const spelled = reading.columns.map(
    (name) => `${quoteText(name)}: ${quoteText(types.get(name) ?? 'VARCHAR')}`,
  )
  const options = [`columns = {${spelled.join(', ')}}`, `compression = ${compressionOf(reading)}`]
  if (reading.format === 'json') {
    options.push(`format = ${quoteText(reading.layout)}`)
    return `read_json(${list}, ${options.join(', ')})`
  }
  const nulls = ['', ...reading.nulls]
  options.push(
    'auto_detect = false',
    'header = true',
    `delim = ${quoteText(reading.delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `nullstr = [${nulls.map(quoteText).join(', ')}]`,
    `strict_mode = ${reading.strict}`,
  )
  return `read_csv(${list}, ${options.join(', ')})`
}

/** Told rather than found from the name: stored bytes have no ending. The two readers spell it differently. */
export function compressionOf({
  format,
  compressed,
}: {
  format: 'csv' | 'json'
  compressed: boolean
}): string {
  if (compressed) return "'gzip'"
  return format === 'csv' ? "'none'" : "'uncompressed'"
}

function groupsOf(parts: readonly LocalPart[]): { reading: Reading; paths: string[] }[] {
  const groups: { reading: Reading; paths: string[] }[] = []
  for (const { part, path } of parts) {
    const last = groups.at(-1)
    if (last !== undefined && sameReading(last.reading, part.reading)) last.paths.push(path)
    else groups.push({ reading: part.reading, paths: [path] })
  }
  return groups
}

/** Whether a single call already gives the columns, and nothing else, in their order. */
function sameOrder(columns: readonly Column[], [first, ...rest]: readonly LocalPart[]): boolean {
  if (first === undefined) return false
  const { reading } = first.part
  if (reading.format === 'parquet') return rest.length === 0
  return reading.columns.join('\n') === columns.map(({ name }) => name).join('\n')
}
