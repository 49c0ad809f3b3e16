import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createOnnxRuntime } from '#adapters/model-runtimes/onnx/index'
import type { ServingPlanInput } from '#lifecycle/serving/plan'
import { startServingProcess } from '#lifecycle/serving/process/serving-process'
import { digestOf } from '#platform/blobs/index'
import { systemClock } from '#platform/clock'
import { silentLog } from '#platform/log'
import { forestModel, forestSignature } from './forest-model.ts'

/** One server to measure, in its own process; prints its URL when it is ready. */
const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: 'serving' },
    threads: { type: 'string', default: '1' },
    scorer: { type: 'string', default: 'measured' },
    log: { type: 'string', default: 'off' },
    canary: { type: 'boolean', default: false },
    /** A folder with `forest.onnx`; a forest of random numbers when it is left out. */
    forest: { type: 'string' },
    /** Callers must send this key. */
    key: { type: 'string' },
    grpc: { type: 'boolean', default: false },
    models: { type: 'string', default: '1' },
    /** The state folder has the plan of a process before. */
    restore: { type: 'boolean', default: false },
    state: { type: 'string', default: '' },
  },
})

process.on('message', () => process.send?.(process.cpuUsage()))
process.once('SIGINT', () => process.exit(0))

if (values.kind === 'echo') startEcho()
else await startServing()

/** The ceiling: what node:http alone does with the same bodies, parsed and answered. */
function startEcho(): void {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const parsed = JSON.parse(Buffer.concat(chunks).toString()) as object
      const body = JSON.stringify({ keys: Object.keys(parsed).length, padding: 'x'.repeat(200) })
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      })
      response.end(body)
    })
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    console.log(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
  })
}

async function startServing(): Promise<void> {
  const bytes =
    values.forest === undefined
      ? forestModel({ trees: 100, depth: 6, features: 20 })
      : readFileSync(join(values.forest, 'forest.onnx'))
  const controlToken = 'benchmark'
  const serving = await startServingProcess({
    host: '127.0.0.1',
    port: 0,
    grpcPort: values.grpc ? 0 : undefined,
    stateDirectory: values.state,
    files: { get: () => Promise.resolve(bytes) },
    runtime: createOnnxRuntime({
      threads: Number(values.threads),
      scorer: values.scorer as 'measured' | 'onnxruntime',
    }),
    controlToken,
    clock: systemClock,
    log: silentLog,
  })
  if (values.restore) return tell()
  const path = values.forest === undefined ? 'model.onnx' : 'forest.onnx'
  const variant = (name: string, version: number, weight: number) => ({
    name,
    version,
    weight,
    model: 'forest',
    files: [{ path, digest: digestOf(bytes), sizeBytes: bytes.length }],
    ...(values.forest === undefined ? {} : { format: { onnx: { path } } }),
    signature: forestSignature,
  })
  const plan: ServingPlanInput = {
    revision: 1,
    access: values.key === undefined ? {} : { mode: 'keys', keys: [keyPlan(values.key)] },
    deployments: Array.from({ length: Number(values.models) }, (_, index) => ({
      name: index === 0 ? 'forest' : `forest-${index}`,
      variants: values.canary
        ? [variant('champion', 1, 80), variant('canary', 2, 20)]
        : [variant('champion', index + 1, 100)],
      log:
        values.log === 'off' ? { enabled: false } : { mode: values.log as 'before_answer' | 'after_answer' },
    })),
  }
  const response = await fetch(`${serving.url}/control/plan`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${controlToken}` },
    body: JSON.stringify(plan),
  })
  if (!response.ok) throw new Error(await response.text())
  tell()

  function tell(): void {
    console.log([serving.url, serving.grpcAddress].filter((address) => address !== undefined).join('\n'))
  }
}

function keyPlan(secret: string) {
  return {
    id: secret.split('_')[1] ?? '',
    name: 'benchmark',
    digest: createHash('sha256').update(secret).digest('hex'),
    scopes: ['predict' as const],
  }
}
