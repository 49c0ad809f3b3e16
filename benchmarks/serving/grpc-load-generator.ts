import { connect } from 'node:http2'
import { parseArgs } from 'node:util'
import { encodeInferRequest } from '#lifecycle/serving/conformance/infer-messages'

/**
 * Sends one ModelInfer over and over with raw tensors, on a few connections with many calls each, and prints a JSON summary.
 * On node:http2 itself, so that the load costs less of the machine than a gRPC client would.
 */
const { values } = parseArgs({
  options: {
    address: { type: 'string', default: '127.0.0.1:5002' },
    model: { type: 'string', default: 'forest' },
    /** The name of the one input, which is a matrix [rows, features]. */
    input: { type: 'string', default: 'matrix' },
    rows: { type: 'string', default: '1' },
    features: { type: 'string', default: '20' },
    calls: { type: 'string', default: '64' },
    connections: { type: 'string', default: '4' },
    warmupMs: { type: 'string', default: '1500' },
    durationMs: { type: 'string', default: '4000' },
  },
})

const rows = Number(values.rows)
const features = Number(values.features)
const numbers = Float32Array.from({ length: rows * features }, (_, index) => (index % 97) / 97)
const message = encodeInferRequest({
  modelName: values.model,
  inputs: [{ name: values.input, datatype: 'FP32', shape: [rows, features] }],
  rawInputs: [new Uint8Array(numbers.buffer)],
})
const frame = Buffer.alloc(5 + message.length)
frame.writeUInt32BE(message.length, 1)
frame.set(message, 5)

const sessions = Array.from({ length: Number(values.connections) }, () => connect(`http://${values.address}`))
const latencies: number[] = []
let failed = 0
let measuring = false
let ended = false

function call(index: number): void {
  const session = sessions[index % sessions.length]
  if (session === undefined) return
  const sentAt = performance.now()
  const stream = session.request({
    ':method': 'POST',
    ':path': '/inference.GRPCInferenceService/ModelInfer',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  const look = (headers: Readonly<Record<string, unknown>>): void => {
    const status = headers['grpc-status']
    if (status !== undefined && status !== '0') failed++
  }
  stream.on('response', look)
  stream.on('trailers', look)
  stream.on('error', () => failed++)
  stream.on('close', () => {
    if (measuring) latencies.push(performance.now() - sentAt)
    if (!ended) call(index)
  })
  stream.resume()
  stream.end(frame)
}

for (let index = 0; index < Number(values.calls); index++) call(index)
await sleep(Number(values.warmupMs))
measuring = true
const startedAt = performance.now()
await sleep(Number(values.durationMs))
measuring = false
ended = true
const seconds = (performance.now() - startedAt) / 1000
latencies.sort((left, right) => left - right)
const quantile = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
const perSecond = latencies.length / seconds
console.log(
  JSON.stringify({
    perSecond,
    rowsPerSecond: perSecond * rows,
    p50: quantile(0.5),
    p99: quantile(0.99),
    failed,
  }),
)
process.exit(0)

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
