import { Client, credentials } from '@grpc/grpc-js'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { measureLoad, type LoadWindow } from '../load-window.ts'

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

function call(window: LoadWindow): void {
  const sentAt = performance.now()
  client.makeUnaryRequest('/inference.GRPCInferenceService/ModelInfer', same, same, message, (error) => {
    if (error !== null) window.failed(error.message)
    window.answered(performance.now() - sentAt)
    if (window.isOpen) call(window)
  })
}

await measureLoad(values, (window) => {
  for (let index = 0; index < Number(values.calls); index++) call(window)
})
