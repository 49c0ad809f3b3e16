import { execFile, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BenchmarkRow } from './row.ts'

interface Case {
  readonly name: string
  readonly path: string
  readonly body: string
  readonly server: readonly string[]
}

interface Result {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly failed: number
  readonly answered: number
}

const features = Array.from({ length: 20 }, (_, index) => ((index * 37) % 100) / 100)
const tensor = JSON.stringify({
  inputs: [{ name: 'input', shape: [1, 20], datatype: 'FP32', data: features }],
})
const named = JSON.stringify({
  rows: [Object.fromEntries(features.map((value, index) => [`f${index}`, value]))],
})
const infer = { path: '/v2/models/forest/infer', body: tensor }

const cases: readonly Case[] = [
  { name: 'node:http echo (ceiling)', ...infer, server: ['--kind', 'echo'] },
  { name: 'infer, no log', ...infer, server: [] },
  { name: 'infer, no log, all in onnxruntime', ...infer, server: ['--scorer', 'onnxruntime'] },
  { name: 'infer, no log, onnxruntime on the main thread', ...infer, server: ['--threads', '0'] },
  { name: 'infer, logged after the answer', ...infer, server: ['--log', 'after_answer'] },
  { name: 'infer, logged before the answer', ...infer, server: ['--log', 'before_answer'] },
  {
    name: 'infer, canary, logged before the answer',
    ...infer,
    server: ['--canary', '--log', 'before_answer'],
  },
  { name: 'predict (named fields), no log', path: '/deployments/forest/predict', body: named, server: [] },
]

const run = promisify(execFile)

/**
 * Requests per second of one serving process: a forest of 100 trees of depth 6 on 20 features, one row per request, JSON,
 * 64 keep-alive connections from a process on the same machine. The ratio is to what node:http does without a
 * model; the CPU is the server's.
 */
export async function servingBenchmark(): Promise<BenchmarkRow[]> {
  const rows: BenchmarkRow[] = []
  for (const entry of cases) {
    const { perSecond, p50, p99, failed, cpuMicroseconds } = await measure(entry)
    const ceiling = rows[0]?.ours ?? perSecond
    const times = `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${cpuMicroseconds.toFixed(0)} µs of CPU`
    const note = `${times}${failed === 0 ? '' : `, ${failed} FAILED`}`
    rows.push({ name: entry.name, ours: perSecond, unit: 'requests/s', ratio: perSecond / ceiling, note })
  }
  return rows
}

async function measure({ path, body, server }: Case): Promise<Result & { cpuMicroseconds: number }> {
  const state = await mkdtemp(join(tmpdir(), 'serving-bench-'))
  const script = (name: string): string => join(import.meta.dirname, 'serving', name)
  const child = fork(script('server-under-load.ts'), ['--state', state, ...server], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  try {
    const [data] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
    const url = data.toString().trim()
    const before = await cpuOf(child)
    const { stdout } = await run(process.execPath, [
      script('load-generator.ts'),
      '--url',
      url + path,
      '--body',
      body,
    ])
    const result = JSON.parse(stdout) as Result
    return { ...result, cpuMicroseconds: ((await cpuOf(child)) - before) / result.answered }
  } finally {
    child.kill('SIGKILL')
    await rm(state, { recursive: true, force: true })
  }
}

/** Microseconds of CPU, all threads, that a server has used: steadier than its rate when the machine is shared. */
async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu')
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage]
  return user + system
}
