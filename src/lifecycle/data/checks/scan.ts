import { quoteName, requireRow, type Cell, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { isOfTheMachine } from '../rows/read-failure.ts'
import { uncomputed } from './uncomputed.ts'

/**
 * So many aggregates are one query. Far more than a suite has; only tables of thousands of columns take several, each of
 * which reads other columns.
 */
const aggregatesPerQuery = 600

export interface ScanRequest {
  /** The check that asks, by its place. */
  readonly index: number
  readonly aggregates: readonly string[]
  /** Columns whose every value is looked at. */
  readonly reads: readonly string[]
}

export interface Scanned {
  readonly rows: number
  /** The value of each aggregate, by how it is written: what several checks ask is computed once. */
  readonly values: ReadonlyMap<string, Cell>
  /** Checks whose aggregates cannot be computed, and why. */
  readonly broken: ReadonlyMap<number, string>
}

/** Computes the aggregates of all checks over `arrival` in one scan. */
export async function scan(
  tables: Tables,
  requests: readonly ScanRequest[],
  columns: readonly Column[],
): Promise<Scanned> {
  const values = new Map<string, Cell>()
  const broken = new Map<number, string>()
  const batches = batchesOf(requests)
  const read = new Set(requests.flatMap(({ reads }) => reads))
  const decoded = decodingOf(columns.filter(({ name }) => !read.has(name)))
  const [first = [], ...others] = batches
  // Without checks the rows are still read: their number is wanted, and whether they can be read.
  await readBatch(tables, first, { values, broken, decoded: decoded[0] ?? [] })
  for (const [index, batch] of others.entries()) {
    await readBatch(tables, batch, { values, broken, decoded: decoded[index + 1] ?? [] })
  }
  for (const rest of decoded.slice(Math.max(1, batches.length)))
    await readBatch(tables, [], { values, broken, decoded: rest })
  return { rows: Number(values.get('count(*)') ?? 0), values, broken }
}

interface Reading {
  readonly values: Map<string, Cell>
  readonly broken: Map<number, string>
  readonly decoded: readonly string[]
}

async function readBatch(tables: Tables, batch: readonly ScanRequest[], reading: Reading): Promise<void> {
  const { values, broken, decoded } = reading
  const wanted = [...new Set(['count(*)', ...decoded, ...batch.flatMap(({ aggregates }) => aggregates)])]
  const list = wanted.map((aggregate, index) => `${aggregate} AS a${index}`)
  try {
    const row = requireRow(await tables.rows(`SELECT ${list.join(', ')} FROM arrival`))
    for (const [index, aggregate] of wanted.entries()) values.set(aggregate, row[`a${index}`] ?? null)
  } catch (error) {
    if (isOfTheMachine(error)) throw error
    // Either the rows cannot be read, which the reading without checks says, or one of the checks cannot be computed.
    if (batch.length === 0) throw error
    const [only] = batch
    if (batch.length === 1 && only !== undefined) {
      await readBatch(tables, [], reading)
      broken.set(only.index, uncomputed(error))
      return
    }
    const middle = Math.ceil(batch.length / 2)
    await readBatch(tables, batch.slice(0, middle), reading)
    await readBatch(tables, batch.slice(middle), { ...reading, decoded: [] })
  }
}

function batchesOf(requests: readonly ScanRequest[]): ScanRequest[][] {
  const batches: ScanRequest[][] = []
  let size = 0
  for (const request of requests) {
    const last = batches.at(-1)
    if (last !== undefined && size + request.aggregates.length <= aggregatesPerQuery) last.push(request)
    else {
      batches.push([request])
      size = 0
    }
    size += request.aggregates.length
  }
  return batches
}

/**
 * Decoding every value once proves that no page of a Parquet file is damaged: of the columns that no check looks into. A
 * third of the whole scan would go into it for all of them.
 */
function decodingOf(columns: readonly Column[]): string[][] {
  const groups: string[][] = []
  for (let start = 0; start < columns.length; start += aggregatesPerQuery) {
    const names = columns.slice(start, start + aggregatesPerQuery).map(({ name }) => quoteName(name))
    groups.push([`max(hash(${names.join(', ')}))`])
  }
  return groups
}
