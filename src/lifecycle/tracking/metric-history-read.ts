import { sql, type Kysely } from 'kysely'
import type { Engine } from '#platform/database/index'
import type { StoredPoint } from './metric-value.ts'
import { isRunId } from './run-id.ts'
import type { TrackingTables } from './tables.ts'

/*
 * What is read of metric histories. These functions may run in a thread of their own (`Database.readAside`): they take and
 * answer plain data, and a history as JSON text, which crosses threads as it is where points would be copied one by one.
 */

/** Where a page ended: the key of its last point, without the run and the name. */
export type PointPlace = readonly [timestamp: number, step: number, value: number, isNan: number]

export interface HistoryRead {
  readonly runId: string
  readonly key: string
  readonly limit: number
  readonly after?: PointPlace
}

export interface HistoryText {
  /** JSON objects with commas between them, as UTF-8. */
  readonly points: Uint8Array
  readonly count: number
  /** Where the next page begins; absent when there is none. */
  readonly next?: PointPlace
}

/** The points of a metric of a run by timestamp, step and value; none where there is no such run or metric. */
export async function readHistory(
  query: Kysely<unknown>,
  _engine: Engine,
  read: HistoryRead & { readonly offset?: number },
): Promise<StoredPoint[]> {
  const series = await findSeries(query, [read.runId], read.key)
  const [one] = series.runs
  return one === undefined ? [] : pageOf(query, { ...read, runNumber: one.number, keyId: series.keyId })
}

/** The same as JSON. */
export async function readHistoryText(
  query: Kysely<unknown>,
  engine: Engine,
  read: HistoryRead,
): Promise<HistoryText> {
  const rows = await readHistory(query, engine, { ...read, limit: read.limit + 1 })
  const kept = rows.length > read.limit ? rows.slice(0, read.limit) : rows
  const text = new PointText(read.key)
  text.add(kept)
  const last = rows.length > read.limit ? kept.at(-1) : undefined
  return {
    points: text.bytes(),
    count: kept.length,
    ...(last === undefined ? {} : { next: [last.timestamp, last.step, last.value, last.is_nan] }),
  }
}

export interface BulkHistoryRead {
  readonly runIds: readonly string[]
  readonly key: string
  readonly limit: number
}

/** The points of one metric of many runs as JSON, by run id, timestamp, step and value. */
export async function readBulkHistoryText(
  query: Kysely<unknown>,
  _engine: Engine,
  { runIds, key, limit }: BulkHistoryRead,
): Promise<HistoryText> {
  const { runs, keyId } = await findSeries(query, runIds, key)
  const text = new PointText(key)
  let count = 0
  for (const { id, number } of runs) {
    if (count >= limit) break
    const rows = await pageOf(query, { runNumber: number, keyId, limit: limit - count })
    text.add(rows, id)
    count += rows.length
  }
  return { points: text.bytes(), count }
}

export interface IntervalRead {
  readonly runIds: readonly string[]
  readonly key: string
  /** Of each run. */
  readonly limit: number
  /** Both ends belong to it; all steps when left out. */
  readonly steps?: readonly [first: number, last: number]
}

/**
 * At most `limit` points of each run as JSON, evenly picked from all in the order of step, timestamp and value, the last
 * one always. They are those that MLflow picks (since 3.13): the points are cut into `limit` buckets as SQL's `ntile`
 * does, the first of each bucket is taken, and the last of all takes the place of the last where it is not there already.
 */
export async function readIntervalText(
  query: Kysely<unknown>,
  _engine: Engine,
  { runIds, key, limit, steps }: IntervalRead,
): Promise<HistoryText> {
  const { runs, keyId } = await findSeries(query, runIds, key)
  const byId = new Map(runs.map((run) => [run.id, run.number]))
  const within = steps === undefined ? sql`` : sql`and step between ${steps[0]} and ${steps[1]}`
  const text = new PointText(key)
  let count = 0
  for (const id of runIds) {
    const runNumber = byId.get(id)
    if (runNumber === undefined) continue
    const points = sql`from metrics where run_number = ${runNumber} and key_id = ${keyId} ${within}`
    const { rows: counted } = await sql<{ total: number }>`select count(*) as total ${points}`.execute(query)
    const total = counted[0]?.total ?? 0
    const places = sampledPlaces(total, limit)
    const picked =
      places === undefined
        ? sql``
        : sql`where place in (${sql.raw(places.length === 0 ? '-1' : places.join(','))})`
    const { rows } = await sql<StoredPoint>`
      select timestamp, step, value, is_nan from (
        select timestamp, step, value, is_nan,
          row_number() over (order by step, timestamp, value, is_nan) - 1 as place ${points}
      ) as placed ${picked} order by step, timestamp, value, is_nan`.execute(query)
    text.add(rows, id)
    count += rows.length
  }
  return { points: text.bytes(), count }
}

/** Which of `total` points a sample of at most `limit` has; undefined: all. */
export function sampledPlaces(total: number, limit: number): number[] | undefined {
  if (total <= limit) return undefined
  const size = Math.floor(total / limit)
  const larger = total % limit
  const places = Array.from({ length: limit }, (_, bucket) => bucket * size + Math.min(bucket, larger))
  places[limit - 1] = total - 1
  return places
}

/** About `points` of a history, evenly picked in the order of timestamp, step and value; the last one always. */
export async function readSample(
  query: Kysely<unknown>,
  _engine: Engine,
  { runId, key, points }: { readonly runId: string; readonly key: string; readonly points: number },
): Promise<StoredPoint[]> {
  const { runs, keyId } = await findSeries(query, [runId], key)
  const { rows } = await sql<StoredPoint>`
    select timestamp, step, value, is_nan from (
      select timestamp, step, value, is_nan,
        row_number() over (order by timestamp, step, value, is_nan) as place,
        count(*) over () as total
      from metrics where run_number = ${runs[0]?.number ?? -1} and key_id = ${keyId}
    ) as placed
    where place = total or (place - 1) % (1 + (total - 1) / ${sql.raw(String(points))}) = 0
    order by timestamp, step, value, is_nan`.execute(query)
  return rows
}

interface Series {
  /** By their ids. */
  readonly runs: readonly { readonly id: string; readonly number: number }[]
  readonly keyId: number
}

const noKey = -1

async function findSeries(query: Kysely<unknown>, runIds: readonly string[], key: string): Promise<Series> {
  const tables = query.withTables<TrackingTables>()
  const ids = [...new Set(runIds)].filter(isRunId)
  // No metric has U+0000 in its name, and PostgreSQL no text.
  if (ids.length === 0 || key.includes('\0')) return { runs: [], keyId: noKey }
  const found = await tables.selectFrom('metric_keys').select('id').where('key', '=', key).executeTakeFirst()
  if (found === undefined) return { runs: [], keyId: noKey }
  const runs = await tables.selectFrom('runs').select(['id', 'number']).where('id', 'in', ids).execute()
  return { runs: runs.sort((left, right) => (left.id < right.id ? -1 : 1)), keyId: found.id }
}

async function pageOf(
  query: Kysely<unknown>,
  page: {
    readonly runNumber: number
    readonly keyId: number
    readonly limit: number
    readonly after?: PointPlace
    readonly offset?: number
  },
): Promise<StoredPoint[]> {
  const { runNumber, keyId, limit, after, offset = 0 } = page
  const beyond =
    after === undefined
      ? sql``
      : sql`and (timestamp, step, value, is_nan) > (${after[0]}, ${after[1]}, ${after[2]}, ${after[3]})`
  const { rows } = await sql<StoredPoint>`
    select timestamp, step, value, is_nan from metrics
    where run_number = ${runNumber} and key_id = ${keyId} ${beyond}
    order by timestamp, step, value, is_nan limit ${limit} offset ${offset}`.execute(query)
  return rows
}

/** Points as JSON. The text is put together directly: 25,000 objects for `JSON.stringify` would take several times as long. */
class PointText {
  readonly #key: string
  #text = ''

  constructor(key: string) {
    this.#key = JSON.stringify(key)
  }

  add(points: readonly StoredPoint[], runId?: string): void {
    const head = `{"key":${this.#key},"value":`
    const tail = runId === undefined ? '}' : `,"run_id":${JSON.stringify(runId)}}`
    let text = this.#text
    for (const { value, is_nan, timestamp, step } of points) {
      const shown = is_nan === 1 ? '"NaN"' : value
      text += `${text === '' ? '' : ','}${head}${shown},"timestamp":${timestamp},"step":${step}${tail}`
    }
    this.#text = text
  }

  bytes(): Uint8Array {
    // A copy of its own, not a part of Node's pool, so that it can be handed to another thread.
    return new TextEncoder().encode(this.#text)
  }
}
