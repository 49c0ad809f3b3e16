import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openTables, quoteText } from '#platform/tables/index'
import { peerScript } from '../peer-script.ts'
import type { BenchmarkRow } from '../row.ts'
import type { Pythons } from './peer-servers.ts'

const rows = 10_000_000

/** Ten million rows of twenty columns, Parquet to Parquet: all columns, the probability and the label. */
export async function batchRows(
  forest: string | undefined,
  pythons: Pythons | undefined,
): Promise<BenchmarkRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'batch-bench-'))
  try {
    const source = join(directory, 'rows.parquet')
    await writeRows(source, directory)
    const words = [join(import.meta.dirname, 'score-parquet.ts'), source, join(directory, 'scored')]
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--conditions=source',
      ...words,
      ...(forest === undefined ? [] : [forest]),
    ])
    const ours = JSON.parse(stdout) as { seconds: number; peakMb: number }
    const peer =
      forest === undefined
        ? undefined
        : await peerScript(
            pythons?.python,
            join(import.meta.dirname, 'batch_peer.py'),
            forest,
            source,
            join(directory, 'peer.parquet'),
          )
    return [
      {
        name: 'batch scoring, 10 M rows, Parquet to Parquet',
        ours: rows / ours.seconds,
        ...(peer !== undefined && { peer: rows / (peer['seconds'] as number) }),
        unit: 'rows/s',
        note: `${ours.peakMb.toFixed(0)} MB${peer === undefined ? '' : `; pandas + onnxruntime ${(peer['peakMb'] as number).toFixed(0)} MB`}`,
      },
    ]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function writeRows(path: string, directory: string): Promise<void> {
  const tables = await openTables({
    allowedDirectories: [directory],
    temporaryDirectory: join(directory, 'tables'),
  })
  const columns = Array.from(
    { length: 20 },
    (_, index) => `CAST((hash(range * 31 + ${index}) % 1000003) / 1000003.0 AS FLOAT) AS f${index}`,
  )
  try {
    await tables.run(
      `COPY (SELECT range AS id, ${columns.join(', ')} FROM range(${rows})) TO ${quoteText(path)} (FORMAT parquet)`,
    )
  } finally {
    tables.close()
  }
}
