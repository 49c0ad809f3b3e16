import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * Requests per second of one serving process: a forest of 100 trees of depth 6 on 20 features, one row per request, JSON,
 * 64 keep-alive connections from a process on the same machine. The first line is what node:http does without a model.
 */
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
  { name: 'infer, no log, scored on the main thread', ...infer, server: ['--threads', '0'] },
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
const only = process.argv[2]
console.log(
  `${'case'.padEnd(44)}${'requests/s'.padStart(11)}${'of ceiling'.padStart(12)}${'p50 ms'.padStart(9)}${'p99 ms'.padStart(9)}${'failed'.padStart(8)}`,
)
let ceiling = Number.NaN
for (const entry of cases) {
  if (only !== undefined && !entry.name.includes(only) && !entry.name.includes('ceiling')) continue
  const { perSecond, p50, p99, failed } = await measure(entry)
  if (Number.isNaN(ceiling)) ceiling = perSecond
  const share = `${((perSecond / ceiling) * 100).toFixed(0)} %`
  console.log(
    `${entry.name.padEnd(44)}${perSecond.toFixed(0).padStart(11)}${share.padStart(12)}${p50.toFixed(2).padStart(9)}${p99.toFixed(2).padStart(9)}${String(failed).padStart(8)}`,
  )
}

async function measure({ path, body, server }: Case): Promise<Result> {
  const state = await mkdtemp(join(tmpdir(), 'serving-bench-'))
  const script = (name: string): string => join(import.meta.dirname, 'serving', name)
  const child = spawn(
    process.execPath,
    [...process.execArgv, script('server-under-load.ts'), '--state', state, ...server],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  try {
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
    })
    const { stdout } = await run(process.execPath, [
      script('load-generator.ts'),
      '--url',
      url + path,
      '--body',
      body,
    ])
    return JSON.parse(stdout) as Result
  } finally {
    child.kill('SIGKILL')
    await rm(state, { recursive: true, force: true })
  }
}
