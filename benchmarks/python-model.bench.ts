import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { BenchmarkOptions, BenchmarkRow } from './row.ts'
import { residentMb } from './tracking/process-tree.ts'

interface Result {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly failed: number
}

const run = promisify(execFile)
const script = (name: string): string => join(import.meta.dirname, 'serving', name)
const body = JSON.stringify({
  dataframe_split: { columns: ['distance', 'delay', 'origin'], data: [[1500, 30.5, 'ATL']] },
})
const connections = [1, 16, 64] as const

/**
 * One row per request through MLflow's `/invocations`: our serving process with one Python worker, signature check and
 * every prediction on disk before its answer, against `mlflow models serve` (one worker, its default) on the same model.
 * Ours answers the chance as well as the label, so it computes more.
 */
export async function pythonModelBenchmark({ python }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const hasMlflow =
    python !== undefined &&
    (await run(python, ['-c', 'import mlflow, sklearn, uvicorn']).then(
      () => true,
      () => false,
    ))
  if (python === undefined || !hasMlflow) {
    return [{ name: 'skipped: PYTHON names no Python with mlflow and scikit-learn', ours: 0, unit: '' }]
  }
  const folder = await mkdtemp(join(tmpdir(), 'python-model-bench-'))
  const model = join(folder, 'model')
  try {
    await run(python, ['-W', 'ignore', script('save_pipeline.py'), model])
    const ours = await measured(() => startOurs({ python, model, state: join(folder, 'state') }))
    const peer = await measured(() => startPeer(python, model))
    return [
      ...connections.flatMap((count, index): BenchmarkRow[] => {
        const [mine, theirs] = [ours.results[index] as Result, peer.results[index] as Result]
        const times = `p50 ${mine.p50.toFixed(1)} and ${theirs.p50.toFixed(1)} ms, p99 ${mine.p99.toFixed(1)} and ${theirs.p99.toFixed(1)} ms`
        const note =
          mine.failed + theirs.failed === 0 ? times : `${times}, ${mine.failed} and ${theirs.failed} FAILED`
        const name = `scikit-learn pipeline, ${count} client${count === 1 ? '' : 's'}`
        return [{ name, ours: mine.perSecond, peer: theirs.perSecond, unit: 'requests/s', note }]
      }),
      { name: 'memory after that, all processes', ours: ours.megabytes, peer: peer.megabytes, unit: 'MB' },
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Started {
  readonly child: ChildProcess
  readonly url: string
}

async function measured(start: () => Promise<Started>): Promise<{ results: Result[]; megabytes: number }> {
  const { child, url } = await start()
  try {
    const results: Result[] = []
    for (const count of connections) {
      const words = [
        script('load-generator.ts'),
        '--url',
        url,
        '--body',
        body,
        '--connections',
        String(count),
      ]
      results.push(JSON.parse((await run(process.execPath, words)).stdout) as Result)
    }
    return { results, megabytes: residentMb(child.pid ?? 0) }
  } finally {
    // It leads a group, so that what it started ends with it.
    process.kill(-(child.pid ?? 0), 'SIGKILL')
  }
}

async function startOurs({ python, model, state }: { python: string; model: string; state: string }) {
  const words = [...process.execArgv, script('python-model-server.ts')]
  const options = ['--python', python, '--model', model, '--state', state]
  const child = spawn(process.execPath, [...words, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  const [data] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  return { child, url: `${data.toString().trim()}/invocations` }
}

async function startPeer(python: string, model: string): Promise<Started> {
  const port = await freePort()
  const words = ['-m', 'mlflow', 'models', 'serve', '-m', model, '-p', String(port), '--env-manager', 'local']
  const child = spawn(python, words, {
    stdio: 'ignore',
    detached: true,
    // It starts uvicorn by its name.
    env: { ...process.env, PATH: `${dirname(python)}${delimiter}${process.env['PATH'] ?? ''}` },
  })
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + 120_000
  while (Date.now() < deadline && child.exitCode === null) {
    const answered = await fetch(`${url}/ping`).catch(() => undefined)
    if (answered?.ok === true) return { child, url: `${url}/invocations` }
    await sleep(200)
  }
  throw new Error('mlflow models serve did not start')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
