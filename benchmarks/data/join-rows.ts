import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { devmlops } from '../command.ts'
import type { BenchmarkRow } from '../row.ts'
import { makeAsked, makeKnown } from './made-tables.ts'
import { measuredCommand } from './measured-command.ts'
import { peerScript } from '../peer-script.ts'

const project = `project: benchmark
data:
  known: { source: { files: known.parquet }, time: at }
features:
  customer:
    source: known
    entity: customer
    time: at
    created: created
    ttl: 30d
    features: { amount: { column: amount } }
`

/** A million rows ask ten million for what was known at their moment; Feast too, which joins in memory. */
export async function joinRows(directory: string, python: string | undefined): Promise<BenchmarkRow[]> {
  const figures = await joined(join(directory, 'join'), { asked: 1_000_000, known: 10_000_000, python })
  const name = 'point-in-time join of 1 million with 10 million rows'
  const rows: BenchmarkRow[] = [
    {
      name,
      ours: figures.seconds,
      unit: 's',
      ...(figures.feast === undefined ? {} : { peer: figures.feast, ratio: figures.feast / figures.seconds }),
      note: '≤ 3 s, 20×; peer: Feast',
    },
    { name: `${name}: memory`, ours: figures.peakMb, unit: 'MB' },
  ]
  if (python === undefined || figures.feast !== undefined) return rows
  // With all rows Feast may run out of memory; a tenth shows the distance, too.
  const part = await joined(join(directory, 'join-part'), { asked: 100_000, known: 1_000_000, python })
  if (part.feast !== undefined) {
    rows.push({
      name: 'the same with a tenth of the rows',
      ours: part.seconds,
      peer: part.feast,
      unit: 's',
      ratio: part.feast / part.seconds,
      note: 'peer: Feast',
    })
  }
  return rows
}

async function joined(
  folder: string,
  { asked, known, python }: { asked: number; known: number; python: string | undefined },
): Promise<{ seconds: number; peakMb: number; feast: number | undefined }> {
  mkdirSync(folder, { recursive: true })
  await devmlops(folder, 'init', '.')
  writeFileSync(join(folder, 'devmlops.yaml'), project)
  const customers = known / 100
  const [askedPath, knownPath] = [join(folder, 'asked.parquet'), join(folder, 'known.parquet')]
  await makeAsked(askedPath, { rows: asked, customers })
  await makeKnown(knownPath, { rows: known, customers })
  await devmlops(folder, 'data', 'add', 'known')
  const ours = await measuredCommand(folder, 'features', 'join', askedPath, 'customer', '--time', 'at')
  console.log(`  join: ${ours.seconds.toFixed(2)} s, ${ours.peakMb.toFixed(0)} MB`)
  const feast = await peerScript(
    python,
    join(import.meta.dirname, 'feast_join.py'),
    askedPath,
    knownPath,
    join(folder, 'feast'),
  )
  return { ...ours, feast: feast?.['total'] }
}
