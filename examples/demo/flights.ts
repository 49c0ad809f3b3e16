import { join } from 'node:path'
import { openTables } from '#platform/tables/index'
import { projectDirectory } from './shell.ts'

export interface Flight {
  readonly id: string
  readonly eventTime: string
  readonly late: 0 | 1
  readonly inputs: {
    readonly hour: number
    readonly weekday: string
    readonly distance: number
    readonly origin: string
    readonly destination: string
  }
}

export interface Week {
  /** The Monday. */
  readonly start: string
  readonly flights: readonly Flight[]
}

const flightsPerWeek = 2000

/** A fixed sample of the real flights of a month's weeks, in the order in which they departed. */
export async function weeksBetween(from: string, to: string): Promise<Week[]> {
  const months = join(projectDirectory, 'months')
  const tables = await openTables({
    allowedDirectories: [months],
    temporaryDirectory: join(projectDirectory, '.devmlops', 'tmp'),
  })
  try {
    const rows = await tables.rows(`
      WITH numbered AS (
        SELECT *, date_trunc('week', date)::DATE AS week,
          row_number() OVER (PARTITION BY date_trunc('week', date) ORDER BY hash(date, origin, destination, delay)) AS place
        FROM read_parquet('${months}/*.parquet')
        WHERE date >= '${from}' AND date < '${to}'
      )
      SELECT week::VARCHAR AS week, strftime(date, '%Y-%m-%dT%H:%M:%SZ') AS event_time, date_part('hour', date)::INTEGER AS hour,
        strftime(date, '%a') AS weekday, distance::INTEGER AS distance, origin, destination, (delay > 15)::INTEGER AS late, place::INTEGER AS place
      FROM numbered WHERE place <= ${flightsPerWeek} ORDER BY date, place`)
    const weeks = Map.groupBy(rows, (row) => row['week'] as string)
    return [...weeks].map(([start, flights]) => ({
      start,
      flights: flights.map((row) => ({
        id: `flight-${start}-${row['place'] as number}`,
        eventTime: row['event_time'] as string,
        late: row['late'] as 0 | 1,
        inputs: {
          hour: row['hour'] as number,
          weekday: row['weekday'] as string,
          distance: row['distance'] as number,
          origin: row['origin'] as string,
          destination: row['destination'] as string,
        },
      })),
    }))
  } finally {
    tables.close()
  }
}
