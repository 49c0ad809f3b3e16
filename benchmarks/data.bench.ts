import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { devmlops } from './command.ts'
import { folderRows } from './data/folder-rows.ts'
import { joinRows } from './data/join-rows.ts'
import { largeFileRows } from './data/large-file-rows.ts'
import { tableRows } from './data/table-rows.ts'
import { durationsMs, type BenchmarkOptions, type BenchmarkRow } from './row.ts'

const flights = 3_000_000

/** `--only=folder,table` measures these alone; `--full` has DVC send all files to S3, which takes half an hour. */
const measurements: Readonly<
  Record<string, (directory: string, python: string | undefined) => Promise<BenchmarkRow[]>>
> = {
  flights: flightRows,
  folder: folderRows,
  large: largeFileRows,
  table: tableRows,
  join: joinRows,
}

/** Versions beside DVC, checks beside Pandera and Great Expectations, joins beside Feast; a ratio above 1 is in our favour. */
export async function dataBenchmark({ python }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const only = process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length)
  const rows: BenchmarkRow[] = []
  for (const name of only?.split(',') ?? Object.keys(measurements)) {
    const directory = mkdtempSync(join(tmpdir(), 'devmlops-data-bench-'))
    try {
      rows.push(...((await measurements[name]?.(directory, python)) ?? []))
    } finally {
      rmSync(directory, { recursive: true })
    }
  }
  return rows
}

/** Three million flights arrive month by month: read, checked by eight expectations, profiled, kept by digest. */
async function flightRows(directory: string): Promise<BenchmarkRow[]> {
  await devmlops(directory, 'init', '.', '--example', 'flight-delays')
  const months = readdirSync(join(directory, 'months')).sort()
  const adding = await durationsMs(months.length, async (index) => {
    const month = months[index] ?? ''
    copyFileSync(join(directory, 'months', month), join(directory, 'incoming', month))
    await devmlops(directory, 'data', 'add', 'flights')
  })
  const seconds = adding.reduce((sum, ms) => sum + ms, 0) / 1000
  const [nothing = 0] = await durationsMs(1, () => devmlops(directory, 'data', 'add', 'flights'))
  const [checking = 0] = await durationsMs(1, () => devmlops(directory, 'data', 'check', 'flights'))
  const [comparing = 0] = await durationsMs(1, () => devmlops(directory, 'data', 'diff', 'flights', '1', '6'))
  return [
    { name: 'add six months of flights, a command each', ours: seconds, unit: 's' },
    { name: 'rows added', ours: flights / seconds, unit: 'rows/s' },
    { name: 'the last month', ours: adding.at(-1) ?? 0, unit: 'ms', note: '500,000 rows beside 2,500,000' },
    { name: 'add when nothing is new', ours: nothing, unit: 'ms' },
    { name: 'check all rows again', ours: checking, unit: 'ms', note: '3,000,000 rows' },
    { name: 'compare two versions', ours: comparing, unit: 'ms' },
  ]
}
