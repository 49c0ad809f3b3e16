import { execFile, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What a load generator saw. */
export interface LoadResult {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly failed: number
  readonly answered: number
}

const script = (name: string): string => join(import.meta.dirname, name)

export async function load(words: readonly string[], generator = 'load-generator.ts'): Promise<LoadResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=source',
    script(generator),
    ...words,
  ])
  return JSON.parse(stdout) as LoadResult
}

/** A serving process of the benchmark, with processor time per answer beside its rate. */
export interface BenchedServer {
  readonly url: string
  readonly grpc: string | undefined
  readonly pid: number
  /** Microseconds of processor per answer, all threads of the server: steadier than its rate on a shared machine. */
  measure(words: readonly string[], generator?: string): Promise<LoadResult & { readonly cpu: number }>
  close(): Promise<void>
}

export async function startServer(words: readonly string[]): Promise<BenchedServer> {
  const state = await mkdtemp(join(tmpdir(), 'serving-bench-'))
  const child = fork(script('server-under-load.ts'), ['--state', state, ...words], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const output = child.stdout as NodeJS.ReadableStream
  let text = ''
  const lines = words.includes('--grpc') ? 2 : 1
  while (text.split('\n').length <= lines) text += String(((await once(output, 'data')) as [Buffer])[0])
  const [url = '', grpc] = text.trim().split('\n')
  return {
    url,
    grpc,
    pid: child.pid ?? 0,
    measure: async (loadWords, generator) => {
      const before = await cpuOf(child)
      const result = await load(loadWords, generator)
      return { ...result, cpu: ((await cpuOf(child)) - before) / result.answered }
    },
    close: async () => {
      child.kill('SIGKILL')
      await rm(state, { recursive: true, force: true })
    },
  }
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu')
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage]
  return user + system
}

export function noteOf({ p50, p99, failed }: LoadResult, cpu?: number): string {
  const times = `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`
  const processor = cpu === undefined ? '' : `, ${cpu.toFixed(0)} µs of CPU`
  return `${times}${processor}${failed === 0 ? '' : `, ${failed} FAILED`}`
}

/** One row of the forest's columns. */
export const forestRow = Array.from({ length: 20 }, (_, index) => ((index * 37) % 100) / 100)
