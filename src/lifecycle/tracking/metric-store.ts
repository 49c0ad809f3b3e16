import type { Kysely } from 'kysely'
import { bulkInsert, type Engine } from '#platform/database/index'
import { fromStored, type StoredPoint } from './metric-value.ts'
import type { TrackingTables } from './tables.ts'

/** One point of a metric, in numbers: NaN is NaN. */
export interface Metric {
  readonly key: string
  readonly value: number
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly step: number
}

/** A point with the numbers of its run and its name, as it is stored. */
export interface RunPoint extends StoredPoint {
  readonly runNumber: number
  readonly keyId: number
}

/** Metric names are few and never change their number, so what was looked up once stays known; up to a bound. */
const knownKeysLimit = 100_000

export type MetricStore = ReturnType<typeof createMetricStore>

/** All SQL about metric points. */
export function createMetricStore(query: Kysely<TrackingTables>, engine: Engine) {
  const known = new Map<string, number>()

  const lookUp = async (keys: readonly string[]): Promise<void> => {
    const rows = await query
      .selectFrom('metric_keys')
      .select(['id', 'key'])
      .where('key', 'in', [...keys])
      .execute()
    if (known.size + rows.length > knownKeysLimit) known.clear()
    for (const { id, key } of rows) known.set(key, id)
  }

  /**
   * The numbers of the names; new names get one. Not inside the caller's transaction: a name is worth keeping whatever
   * becomes of the batch, and a number that was rolled back must not stay known.
   */
  const keyIds = async (keys: Iterable<string>): Promise<ReadonlyMap<string, number>> => {
    const wanted = [...new Set(keys)]
    const unknown = wanted.filter((key) => !known.has(key))
    if (unknown.length > 0) {
      await lookUp(unknown)
      const fresh = unknown.filter((key) => !known.has(key))
      if (fresh.length > 0) {
        await query
          .insertInto('metric_keys')
          .values(fresh.map((key) => ({ key })))
          .onConflict((conflict) => conflict.column('key').doNothing())
          .execute()
        await lookUp(fresh)
      }
    }
    return new Map(wanted.map((key) => [key, known.get(key) as number]))
  }

  return {
    keyIds,

    /** Whether the name was stored before; `false` when that is not remembered. */
    isKnown: (key: string): boolean => known.has(key),

    /**
     * Adds the points; those that are there stay as they are. On PostgreSQL, looking for them first is a third of the work,
     * so a caller may leave it out; then a point that is there fails the transaction (`isDuplicate`).
     */
    insertPoints: (
      transaction: Kysely<TrackingTables>,
      points: readonly RunPoint[],
      { areNew }: { readonly areNew: boolean },
    ): Promise<unknown[]> =>
      bulkInsert(transaction, engine, {
        table: 'metrics',
        columns: pointColumns(points),
        ...(areNew && engine === 'postgres' ? {} : { onConflict: 'do nothing' }),
      }),

    /** Moves the latest points, of which there is one for each run and key, where they are later than what is there. */
    moveLatest: (transaction: Kysely<TrackingTables>, points: readonly RunPoint[]): Promise<unknown[]> =>
      bulkInsert(transaction, engine, {
        table: 'latest_metrics',
        columns: pointColumns(points),
        onConflict: `(run_number, key_id) do update
          set timestamp = excluded.timestamp, step = excluded.step, value = excluded.value, is_nan = excluded.is_nan
          where (excluded.step, excluded.timestamp, excluded.value)
              > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)`,
      }),
  }
}

export function toMetric(key: string, row: StoredPoint): Metric {
  return { key, value: fromStored(row), timestamp: row.timestamp, step: row.step }
}

/** The columns of points for a bulk insert. */
export function pointColumns(points: readonly RunPoint[]) {
  return [
    { name: 'run_number', type: 'int', values: points.map(({ runNumber }) => runNumber) },
    { name: 'key_id', type: 'int', values: points.map(({ keyId }) => keyId) },
    { name: 'timestamp', type: 'bigint', values: points.map(({ timestamp }) => timestamp) },
    { name: 'step', type: 'bigint', values: points.map(({ step }) => step) },
    { name: 'value', type: 'float8', values: points.map(({ value }) => value) },
    { name: 'is_nan', type: 'smallint', values: points.map((point) => point.is_nan) },
  ]
}
