import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTables, type Tables } from '#platform/tables/index'

const projectFile = `project: small-flights

data:
  flights:
    source: { files: incoming/* }
    mode: append
    time: date
    expectations:
      - schema: { date: timestamp, delay: integer, distance: integer, origin: text }
      - not_null: [date, delay, distance, origin]
      - between: { column: delay, minimum: -60, maximum: 600 }
      - mean: { column: distance, minimum: 1000, maximum: 1600 }

pipelines:
  train:
    parameters: { train_days: 28, holdout_days: 7 }
    steps:
      airports:
        run: ['NODE', airports.mjs]
        inputs: { names: 'file:airports.txt' }
        outputs: { airports: airports.csv }
        parameters: {}
      prepare:
        sql: prepare.sql
        inputs: { flights: data.flights, airports: airports.airports }
        outputs: [training, holdout]
      train:
        train:
          data: prepare.training
          label: late
          features: { hour: number, distance: number, origin: category, hub: number }
          seed: 7
          candidates:
            - { name: baseline, trainer: majority }
            - { name: linear, trainer: logistic-regression }
            - { name: trees, trainer: gradient-boosting, parameters: { trees: 30, leaves: 7 } }
      evaluate: { evaluate: { candidates: train, data: prepare.holdout, model: small-flights } }
      register: { register: { evaluation: evaluate, model: small-flights } }
  score:
    steps:
      rows:
        sql: SELECT date_part('hour', date) AS hour, distance, origin, 1 AS hub FROM flights ORDER BY date LIMIT 50
        inputs: { flights: data.flights }
        outputs: [rows]
      score: { batch-predict: { model: small-flights@champion, data: rows.rows } }

models:
  small-flights:
    task: binary
    select_by: log_loss
    slices: [{ by: origin, min_rows: 50 }]
    gates:
      - { metric: roc_auc, at_least: 0.6 }
      - { metric: log_loss, better_than: baseline }
      - { metric: log_loss, no_worse_than: champion, by: 0.01 }

deployments:
  small-flights:
    model: small-flights@champion
    canary: { model: small-flights@challenger, share: 30 }

monitors:
  small-flights:
    window: 7d
    drift: { threshold: 0.1, minimum_rows: 300 }
    performance: [{ metric: calibration_gap, within: 0.05, minimum_labels: 300 }]
    retraining: { pipeline: train, unless_firing: [drift], cool_down: 28d }
    canary: { metric: log_loss, margin: 0.02, minimum_labels: 300, minimum_requests: 50 }
`

const prepareSql = `CREATE TEMP TABLE prepared AS
SELECT date, CAST(delay > 15 AS INTEGER) AS late, date_part('hour', date) AS hour, distance, origin, hub
FROM flights JOIN airports USING (origin);
CREATE TABLE holdout AS SELECT * FROM prepared
WHERE date >= (SELECT max(date)::DATE + 1 FROM prepared) - CAST($holdout_days AS INTEGER);
CREATE TABLE training AS SELECT * FROM prepared
WHERE date < (SELECT min(date)::DATE FROM holdout)
  AND date >= (SELECT min(date)::DATE FROM holdout) - CAST($train_days AS INTEGER);
`

const airportsProgram = `import { readFileSync, writeFileSync } from 'node:fs'
const lines = readFileSync(process.env.DEVMLOPS_INPUT_NAMES, 'utf8').trim().split('\\n')
writeFileSync(process.env.DEVMLOPS_OUTPUT_AIRPORTS,
  'origin,hub\\n' + lines.map((line) => line.replace(' hub', ',1').replace(' small', ',0')).join('\\n') + '\\n')
console.log(lines.length + ' airports')
`

/**
 * 120 flights a day. They are late more often at busy hours and, on short ways, from hubs, which trees can see and a straight
 * line cannot; from the 26th of February on all are late much more often.
 */
const flightsSql = `WITH numbers AS (
  SELECT i, DATE '2001-01-01' + CAST(i // 120 AS INTEGER) AS day, CAST(hash(i) % 24 AS INTEGER) AS hour,
    CAST(100 + hash(i, 1) % 2400 AS INTEGER) AS distance,
    ['ATL', 'BOS', 'ORD', 'SFO'][1 + CAST(hash(i, 2) % 4 AS INTEGER)] AS origin, (hash(i, 3) % 1000000) / 1e6 AS chance
  FROM range(0, 120 * 90) AS numbers(i)
)
SELECT i, day + to_hours(hour) AS date, distance, origin, hour, origin IN ('ATL', 'ORD') AS hub,
  CASE WHEN chance < 1 / (1 + exp(2.6 - CASE WHEN hour BETWEEN 8 AND 10 OR hour > 15 THEN 1.7 ELSE 0 END
    - CASE WHEN hub AND distance < 1200 THEN 1.2 ELSE 0 END
    - CASE WHEN day >= DATE '2001-02-26' THEN 1.2 ELSE 0 END)) THEN 40 ELSE 0 END AS delay
FROM numbers ORDER BY date, i`

export interface Flight {
  readonly id: string
  readonly eventTime: string
  readonly late: 0 | 1
  readonly row: {
    readonly hour: number
    readonly distance: number
    readonly origin: string
    readonly hub: number
  }
}

export interface FlightsProject {
  readonly directory: string
  readonly tables: Tables
  /** Lets the flights of some days arrive as a Parquet or CSV file. */
  arrive(file: string, days: Days): Promise<void>
  flights(days: Days): Promise<Flight[]>
  /** Changes a file of the project. */
  write(file: string, text: string | Uint8Array): void
  edit(change: (projectFile: string) => string): void
  remove(): void
}

/** From the first day up to, not including, the second: 2001-01-01 to 2001-03-31. */
export type Days = readonly [from: string, to: string]

/** A project with a signal to find, in a Git repository of its own. */
export async function createFlightsProject(): Promise<FlightsProject> {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-loop-'))
  const incoming = join(directory, 'incoming')
  mkdirSync(incoming)
  const write = (file: string, text: string | Uint8Array): void => writeFileSync(join(directory, file), text)
  let text = projectFile.replace('NODE', process.execPath)
  write('devmlops.yaml', text)
  write('prepare.sql', prepareSql)
  write('airports.mjs', airportsProgram)
  write('airports.txt', 'ATL hub\nBOS small\nORD hub\nSFO small\n')
  write('.gitignore', '.devmlops/\nincoming/\n')
  commitAll(directory)
  const tables = await openTables({
    allowedDirectories: [directory],
    temporaryDirectory: join(directory, '.devmlops', 'test-tables'),
    threads: 1,
  })
  await tables.run(`CREATE TABLE flights AS ${flightsSql}`)
  const during = ([from, to]: Days): string => `date >= '${from}' AND date < '${to}'`
  return {
    directory,
    tables,
    arrive: async (file, days) => {
      const format = file.endsWith('.csv') ? 'csv, HEADER' : 'parquet'
      await tables.run(
        `COPY (SELECT date, delay, distance, origin FROM flights WHERE ${during(days)})
         TO '${join(incoming, file)}' (FORMAT ${format})`,
      )
    },
    flights: async (days) => {
      const rows = await tables.rows(
        `SELECT i::VARCHAR AS id, strftime(date, '%Y-%m-%dT%H:%M:%SZ') AS event_time, (delay > 15)::INTEGER AS late,
           hour, distance, origin, hub::INTEGER AS hub FROM flights WHERE ${during(days)} ORDER BY date, i`,
      )
      return rows.map(
        ({ id, event_time: eventTime, late, ...row }) => ({ id, eventTime, late, row }) as unknown as Flight,
      )
    },
    write,
    edit: (change) => {
      text = change(text)
      write('devmlops.yaml', text)
    },
    remove: () => {
      tables.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function commitAll(directory: string): void {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false']
  for (const words of [
    ['init', '-q'],
    ['add', '-A'],
    ['commit', '-q', '-m', 'Begin'],
  ]) {
    execFileSync('git', [...author, ...words], { cwd: directory, stdio: 'pipe' })
  }
}
