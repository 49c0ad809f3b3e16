import { spawn } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { executable } from '../command.ts'
import type { BenchmarkRow } from '../row.ts'
import { peakMb } from '../tracking/process-tree.ts'
import { keptBytes } from './kept-bytes.ts'
import { devmlopsTool, dvcTool } from './version-tools.ts'

const megabyte = 1_000_000

/** A table as text to which rows are added in its middle, and one file of 2 GB. */
export async function largeFileRows(directory: string, python: string | undefined): Promise<BenchmarkRow[]> {
  return [await insertedRows(directory, python), ...(await oneLargeFile(join(directory, 'large')))]
}

async function insertedRows(directory: string, python: string | undefined): Promise<BenchmarkRow> {
  const tools = [
    await devmlopsTool(join(directory, 'inserted'), undefined),
    ...(python === undefined ? [] : [await dvcTool(join(directory, 'dvc-inserted'), python, undefined)]),
  ]
  const figures: number[] = []
  for (const tool of tools) {
    if (tool === undefined) continue
    mkdirSync(tool.folder, { recursive: true })
    const path = join(tool.folder, 'orders.csv')
    writeFileSync(path, ordersText(0, 1_500_000))
    await tool.add()
    const before = keptBytes(tool.store)
    const text = readFileSync(path)
    const middle = text.indexOf(10, text.length / 2) + 1
    writeFileSync(
      path,
      Buffer.concat([text.subarray(0, middle), ordersText(1_500_000, 100), text.subarray(middle)]),
    )
    await tool.add()
    figures.push((keptBytes(tool.store) - before) / megabyte)
  }
  const [ours = Number.NaN, theirs] = figures
  return {
    name: '100 rows inserted into a CSV of 150 MB: new bytes',
    ours,
    unit: 'MB',
    ...(theirs === undefined ? {} : { peer: theirs, ratio: theirs / ours }),
    note: '≤ 1 MB; peer: DVC',
  }
}

/** About a hundred bytes a row. */
function ordersText(from: number, rows: number): Buffer {
  const lines: string[] = []
  for (let id = from; id < from + rows; id++) {
    const mixed = Math.imul(id, 2_654_435_761) >>> 0
    const amount = ((mixed % 100_000) / 100).toFixed(2)
    const text = `${mixed.toString(36)}-${(mixed ^ id).toString(16)}-${Math.imul(mixed, 40_503) >>> 0}`
    lines.push(
      `${id},2026-${String((mixed % 12) + 1).padStart(2, '0')}-01,${amount},${text},some words of a note ${mixed % 977},${mixed % 7},DE\n`,
    )
  }
  return Buffer.from(lines.join(''))
}

async function oneLargeFile(directory: string): Promise<BenchmarkRow[]> {
  const tool = await devmlopsTool(directory, undefined)
  mkdirSync(tool.folder, { recursive: true })
  const sizeMb = 2000
  const file = openSync(join(tool.folder, 'weights.bin'), 'w')
  const buffer = Buffer.alloc(20 * megabyte)
  for (let written = 0; written < sizeMb; written += 20) writeSync(file, randomFillSync(buffer))
  closeSync(file)
  const startedAt = performance.now()
  const command = spawn(executable, ['data', 'add', 'images'], { cwd: directory, stdio: 'ignore' })
  const { peak } = await peakMb(command.pid ?? 0, () => once(command, 'exit'))
  const seconds = (performance.now() - startedAt) / 1000
  rmSync(directory, { recursive: true })
  return [
    {
      name: 'one file of 2 GB: chunked, hashed, stored',
      ours: sizeMb / seconds,
      unit: 'MB/s',
      note: '≥ 400 MB/s',
    },
    { name: 'one file of 2 GB: memory of the command', ours: peak, unit: 'MB', note: '≤ 300 MB' },
  ]
}
