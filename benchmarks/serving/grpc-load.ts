import { Client, credentials } from '@grpc/grpc-js'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

/** The same for gRPC: one `ModelInfer` message over and over, so many calls at a time. The message is sent as it is. */
const { values } = parseArgs({
  options: {
    address: { type: 'string' },
    message: { type: 'string' },
    calls: { type: 'string', default: '64' },
    warmupMs: { type: 'string', default: '1500' },
    durationMs: { type: 'string', default: '4000' },
  },
})

const message = readFileSync(values.message ?? '')
const client = new Client(values.address ?? '', credentials.createInsecure())
const same = (bytes: Buffer): Buffer => bytes
const latencies: number[] = []
let answered = 0
let failed = 0
let measuring = false
let ended = false

function call(): void {
  const sentAt = performance.now()
  client.makeUnaryRequest('/inference.GRPCInferenceService/ModelInfer', same, same, message, (error) => {
    answered++
    if (error !== null && measuring) failed++
    if (measuring) latencies.push(performance.now() - sentAt)
    if (!ended) call()
  })
}

for (let index = 0; index < Number(values.calls); index++) call()
await sleep(Number(values.warmupMs))
measuring = true
const startedAt = performance.now()
await sleep(Number(values.durationMs))
measuring = false
const seconds = (performance.now() - startedAt) / 1000
ended = true
latencies.sort((left, right) => left - right)
const quantile = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
console.log(
  JSON.stringify({
    perSecond: latencies.length / seconds,
    p50: quantile(0.5),
    p99: quantile(0.99),
    answered,
    failed,
  }),
)
process.exit(0)

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
