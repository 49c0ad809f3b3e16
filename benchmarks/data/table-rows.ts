import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { devmlops } from '../command.ts'
import type { BenchmarkRow } from '../row.ts'
import { makeLaterOrders, makeOrders } from './made-tables.ts'
import { measuredCommand } from './measured-command.ts'
import { peerScript } from '../peer-script.ts'

const rows = 10_000_000

/** The thirteen checks that the scripts of the peers make, too. */
const project = `project: benchmark
data:
  orders:
    source: { files: orders.parquet }
    mode: replace
    expectations:
      - not_null: [id, customer, amount]
      - between: { column: amount, minimum: 0, maximum: 1000 }
      - mean: { column: amount, minimum: 400, maximum: 600 }
      - stdev: { column: amount, minimum: 200, maximum: 400 }
      - between: { column: quantity, minimum: 1, maximum: 100 }
      - between: { column: discount, minimum: 0, maximum: 1 }
      - in_set: { column: country, values: [DE, FR, IT, ES, NL, PL, AT, BE] }
      - distinct_count: { column: country, at_least: 5, at_most: 20 }
      - in_set: { column: status, values: [new, paid, sent, returned] }
      - matches: { column: code, pattern: '^[A-Z]{2}-\\d{6}$' }
      - length: { column: code, equals: 9 }
  keyed:
    source: { files: keyed/*.parquet }
    mode: replace
    key: id
`

/** Ten million orders of twelve columns as Parquet: thirteen checks, and a comparison of two versions by key. */
export async function tableRows(directory: string, python: string | undefined): Promise<BenchmarkRow[]> {
  const folder = join(directory, 'tables')
  mkdirSync(join(folder, 'keyed'), { recursive: true })
  await devmlops(folder, 'init', '.')
  writeFileSync(join(folder, 'devmlops.yaml'), project)
  const orders = join(folder, 'orders.parquet')
  await makeOrders(orders, rows)
  const checked = await measuredCommand(folder, 'data', 'check', 'orders')
  console.log(`  check: ${checked.seconds.toFixed(2)} s, ${checked.peakMb.toFixed(0)} MB`)
  const pandera = await peerScript(python, join(import.meta.dirname, 'pandera_checks.py'), orders)
  const greatExpectations = await peerScript(
    python,
    join(import.meta.dirname, 'great_expectations_checks.py'),
    orders,
  )
  const name = '13 checks on 10 million rows of 12 columns'
  return [
    row(name, checked.seconds, { peer: pandera?.['total'], note: '≤ 2.5 s, 4×; peer: Pandera' }),
    row(name, checked.seconds, { peer: greatExpectations?.['total'], note: '20×; peer: Great Expectations' }),
    { name: `${name}: memory`, ours: checked.peakMb, unit: 'MB', note: '≤ 1,500 MB' },
    ...(await keyedRows(folder, orders)),
  ]
}

async function keyedRows(folder: string, orders: string): Promise<BenchmarkRow[]> {
  const path = join(folder, 'keyed', 'orders.parquet')
  await makeLaterOrders(path, { from: orders, rows })
  await measuredCommand(folder, 'data', 'add', 'keyed', orders)
  await measuredCommand(folder, 'data', 'add', 'keyed')
  const diff = await measuredCommand(folder, 'data', 'diff', 'keyed', '1', '2')
  return [
    row('keyed diff of two tables of 10 million rows', diff.seconds, {
      note: '≤ 3 s; with the distributions',
    }),
    { name: 'keyed diff: memory', ours: diff.peakMb, unit: 'MB' },
  ]
}

function row(
  name: string,
  ours: number,
  { peer, note }: { peer?: number | undefined; note: string },
): BenchmarkRow {
  return { name, ours, unit: 's', ...(peer === undefined ? {} : { peer, ratio: peer / ours }), note }
}
