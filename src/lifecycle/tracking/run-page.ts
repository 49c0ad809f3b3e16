import type { Kysely } from 'kysely'
import type { Engine } from '#platform/database/index'
import { newestRunNumber, searchRunNumbers, type RunQuery } from './run-search.ts'
import { readRunTexts, type RunText } from './run-texts.ts'
import type { TrackingTables } from './tables.ts'

/** Which page of which runs: plain data. */
export interface RunPageQuery {
  readonly runs: RunQuery
  readonly limit: number
  readonly offset: number
}

/** Where the page after this one begins. */
export interface RunPlace {
  readonly offset: number
  readonly upTo: number
}

const [firstChunk, largestChunk] = [16, 1000]
/** A chunk is made about so large, whatever is in the runs: it is in memory at once. */
const chunkLength = 4_000_000

/**
 * Reads the runs of a page, a chunk at a time, and gives each to `take`, which answers how long it became. When that makes
 * more than `mostLength` in all, the page ends there, shorter than asked for: runs may hold any amount, memory does not.
 * Answers where the next page begins, if there is one.
 */
export async function readRunPage(
  query: Kysely<unknown>,
  engine: Engine,
  page: RunPageQuery & { readonly mostLength: number; readonly take: (run: RunText) => number },
): Promise<RunPlace | undefined> {
  const { limit, offset, take, mostLength } = page
  const tables = query.withTables<TrackingTables>()
  const upTo = page.runs.upTo ?? (await newestRunNumber(tables))
  const found = await searchRunNumbers(tables, engine, {
    runs: { ...page.runs, upTo },
    limit: limit + 1,
    offset,
  })
  const numbers = found.slice(0, limit)
  let taken = 0
  let length = 0
  for (let chunk: number = firstChunk; taken < numbers.length && length < mostLength;) {
    for (const run of await readRunTexts(tables, engine, numbers.slice(taken, taken + chunk))) {
      length += take(run)
      taken += 1
      if (length >= mostLength) break
    }
    chunk = Math.max(1, Math.min(largestChunk, Math.floor(chunkLength / (length / taken + 1))))
  }
  return taken < found.length ? { offset: offset + taken, upTo } : undefined
}
