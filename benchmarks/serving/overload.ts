import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createOnnxRuntime } from '#adapters/model-runtimes/onnx/index'
import type { ServingPlanInput } from '#lifecycle/serving/plan'
import { startServingProcess } from '#lifecycle/serving/process/serving-process'
import { digestOf } from '#platform/blobs/index'
import { systemClock } from '#platform/clock'
import { silentLog } from '#platform/log'
import { forestModel } from './forest-model.ts'

/**
 * What happens at three times the load that a model can take: how many are answered, how long they wait, and how fast the
 * others are told. Requests come by the clock, whether or not those before were answered, as users do.
 */
const { values } = parseArgs({
  options: {
    serve: { type: 'boolean', default: false },
    trees: { type: 'string', default: '3000' },
    rows: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '6' },
    wait: { type: 'string', default: '200' },
    connections: { type: 'string', default: '400' },
  },
})
const features = 20
const controlToken = 'benchmark'

async function serve(): Promise<void> {
  const bytes = forestModel({ trees: Number(values.trees), depth: 6, features })
  const stateDirectory = await mkdtemp(join(tmpdir(), 'overload-'))
  process.once('disconnect', () => void rm(stateDirectory, { recursive: true }).then(() => process.exit(0)))
  const serving = await startServingProcess({
    host: '127.0.0.1',
    port: 0,
    stateDirectory,
    files: { get: () => Promise.resolve(bytes) },
    runtime: createOnnxRuntime({ threads: 1 }),
    controlToken,
    clock: systemClock,
    log: silentLog,
  })
  const inputs = Array.from({ length: features }, (_, index) => ({
    name: `f${index}`,
    type: 'float' as const,
    required: true,
  }))
  const plan: ServingPlanInput = {
    revision: 1,
    deployments: [
      {
        name: 'forest',
        log: { enabled: false },
        limits: { waitMs: Number(values.wait) },
        variants: [
          {
            name: 'champion',
            version: 1,
            weight: 100,
            model: 'forest',
            files: [{ path: 'model.onnx', digest: digestOf(bytes), sizeBytes: bytes.length }],
            signature: {
              inputs,
              outputs: [
                { name: 'probability', type: 'float' },
                { name: 'label', type: 'long' },
              ],
            },
          },
        ],
      },
    ],
  }
  const response = await fetch(`${serving.url}/control/plan`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${controlToken}` },
    body: JSON.stringify(plan),
  })
  if (!response.ok) throw new Error(await response.text())
  process.send?.(serving.url)
}

interface Outcome {
  readonly status: number
  readonly ms: number
}

async function measure(): Promise<void> {
  const child = fork(new URL(import.meta.url), ['--serve', ...process.argv.slice(2)], {
    execArgv: [...process.execArgv],
  })
  const url = new URL(await new Promise<string>((resolve) => child.once('message', resolve)))
  const request = requestTo(url)
  const pool = await Promise.all(Array.from({ length: Number(values.connections) }, () => Client.open(url)))
  await closedLoop(pool.slice(0, 64), request, 2)
  const capacity = await closedLoop(pool.slice(0, 64), request, Number(values.seconds))
  const quiet = await openLoop(pool, request, { perSecond: capacity.perSecond * 0.7 })
  const tripled = await openLoop(pool, request, { perSecond: capacity.perSecond * 3 })
  console.log(JSON.stringify({ capacity, quiet, tripled }, null, 2))
  console.log(`goodput ${Math.round((100 * tripled.answeredPerSecond) / capacity.perSecond)} % of capacity`)
  for (const client of pool) client.close()
  child.disconnect()
}

function requestTo(url: URL): Buffer {
  const row = Object.fromEntries(Array.from({ length: features }, (_, index) => [`f${index}`, index / 20]))
  const body = JSON.stringify({ rows: Array.from({ length: Number(values.rows) }, () => row) })
  return Buffer.from(
    `POST /deployments/forest/predict HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
}

/** One keep-alive connection with one request at a time. */
class Client {
  readonly #socket: Socket
  #done: ((status: number) => void) | undefined
  #expected = -1
  #received = 0
  #status = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', () => this.#done?.(0))
  }

  static async open(url: URL): Promise<Client> {
    const socket = connect(Number(url.port), url.hostname)
    socket.setNoDelay(true)
    await new Promise((resolve) => socket.once('connect', resolve))
    return new Client(socket)
  }

  async ask(request: Buffer): Promise<Outcome> {
    const startedAt = performance.now()
    this.#expected = -1
    this.#received = 0
    const status = await new Promise<number>((resolve) => {
      this.#done = resolve
      this.#socket.write(request)
    })
    return { status, ms: performance.now() - startedAt }
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#received += chunk.length
    if (this.#expected === -1) {
      const head = chunk.toString('latin1')
      this.#status = Number(head.slice(9, 12))
      this.#expected = head.indexOf('\r\n\r\n') + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    }
    if (this.#received >= this.#expected) this.#done?.(this.#status)
  }
}

async function closedLoop(pool: readonly Client[], request: Buffer, seconds: number) {
  const outcomes: Outcome[] = []
  const endsAt = performance.now() + seconds * 1000
  const startedAt = performance.now()
  await Promise.all(
    pool.map(async (client) => {
      while (performance.now() < endsAt) outcomes.push(await client.ask(request))
    }),
  )
  const elapsed = (performance.now() - startedAt) / 1000
  const answered = outcomes.filter(({ status }) => status === 200)
  return { perSecond: Math.round(answered.length / elapsed), ...quantiles(answered) }
}

/** Requests at a fixed rate. One that finds no free connection counts as one that the load generator could not send. */
async function openLoop(
  pool: readonly Client[],
  request: Buffer,
  { perSecond }: { readonly perSecond: number },
) {
  const outcomes: Outcome[] = []
  const free = [...pool]
  let sent = 0
  let unsent = 0
  const startedAt = performance.now()
  const seconds = Number(values.seconds)
  const pending: Promise<void>[] = []
  for (;;) {
    const elapsed = (performance.now() - startedAt) / 1000
    if (elapsed >= seconds) break
    for (const due = elapsed * perSecond; sent + unsent < due;) {
      const client = free.pop()
      if (client === undefined) {
        unsent++
        continue
      }
      sent++
      pending.push(
        client.ask(request).then((outcome) => {
          outcomes.push(outcome)
          free.push(client)
        }),
      )
    }
    await sleep(2)
  }
  const inTime = outcomes.filter(({ status }) => status === 200).length
  await Promise.all(pending)
  const answered = outcomes.filter(({ status }) => status === 200)
  const refused = outcomes.filter(({ status }) => status !== 200)
  const statuses = Object.fromEntries(
    [...new Set(outcomes.map(({ status }) => status))].map((status) => [
      status,
      outcomes.filter((outcome) => outcome.status === status).length,
    ]),
  )
  return {
    offeredPerSecond: Math.round(perSecond),
    unsent,
    answeredPerSecond: Math.round(inTime / seconds),
    answered: quantiles(answered),
    refused: quantiles(refused),
    statuses,
  }
}

function quantiles(outcomes: readonly Outcome[]): { p50Ms: number; p99Ms: number } {
  const sorted = outcomes.map(({ ms }) => ms).toSorted((left, right) => left - right)
  const at = (share: number): number => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}

// Last, since a class is there from its line on only.
if (values.serve) await serve()
else await measure()
