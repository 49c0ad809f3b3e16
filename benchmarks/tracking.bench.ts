import type { BenchmarkOptions, BenchmarkRow } from './row.ts'
import { startPostgres } from './tracking/durable-postgres.ts'
import { largeStoreRows } from './tracking/large-store.ts'
import { measurements, measureServer, type Figures, type MeasurementName } from './tracking/measurements.ts'
import { devmlops, fasttrackml, mlflow, type TrackingServer } from './tracking/tracking-server.ts'

/** `--only=search,page` measures these rows alone; `--large` adds a store of a million runs (some minutes, 6 GB of disk). */
const only = optionOf('only')?.split(',') ?? Object.keys(measurements)
const wanted = (Object.keys(measurements) as MeasurementName[]).filter((name) => only.includes(name))

/**
 * Tracking servers as their users start them, over HTTP, durable, on fresh stores and with the same requests: ours,
 * MLflow's with its defaults, both on PostgreSQL where the package that brings one is installed, and FastTrackML where the
 * Python has it. A ratio above 1 is in our favour.
 */
export async function trackingBenchmark({ python }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const report = (text: string): void => console.log(`  ${text}`)
  const measure = async (server: TrackingServer | undefined): Promise<Figures> => {
    if (server === undefined) return {}
    try {
      return await measureServer(server, { figures: wanted, report })
    } catch (error) {
      // A peer that does not start, for want of a driver or so, must not cost the figures of the others.
      report(`${server.name}: ${String(error)}`)
      return {}
    } finally {
      server.remove()
    }
  }
  const ours = await measure(devmlops())
  const rows: BenchmarkRow[] = []
  const theirs = python === undefined ? {} : await measure(mlflow(python))
  rows.push(...rowsOf('', ours, theirs))
  const other = python === undefined ? undefined : fasttrackml(python)
  if (other !== undefined) rows.push(...rowsOf('FastTrackML: ', ours, await measure(other)))
  const postgres = await startPostgres()
  if ('problem' in postgres) report(`PostgreSQL: skipped, ${postgres.problem}`)
  else {
    try {
      const ourOnes = await measure(devmlops(await postgres.fresh('ours')))
      const theirOnes =
        python === undefined ? {} : await measure(mlflow(python, await postgres.fresh('theirs')))
      rows.push(...rowsOf('PostgreSQL: ', ourOnes, theirOnes))
    } finally {
      await postgres.stop()
    }
  }
  if (process.argv.includes('--large')) rows.push(...(await largeStoreRows(report)))
  return rows
}

function rowsOf(prefix: string, ours: Figures, theirs: Figures): BenchmarkRow[] {
  const isOther = prefix.startsWith('Fast')
  return wanted.flatMap((name) => {
    const [our, their] = [ours[name], theirs[name]]
    const { title, unit, target, less } = measurements[name]
    if (our === undefined || (isOther && their === undefined)) return []
    const notes = [
      isOther ? '' : target,
      our.note ?? '',
      their?.note === undefined ? '' : `theirs: ${their.note}`,
    ]
    return [
      {
        name: `${prefix}${title}`,
        ours: our.value,
        unit,
        ...(their === undefined
          ? {}
          : { peer: their.value, ratio: less ? their.value / our.value : our.value / their.value }),
        note: notes.filter((note) => note !== '').join('; '),
      },
    ]
  })
}

function optionOf(name: string): string | undefined {
  return process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
}
