import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createPythonRuntime } from '#adapters/model-runtimes/python/index'
import { startServingProcess } from '#lifecycle/serving/process/serving-process'
import { digestOf, type Digest } from '#platform/blobs/index'
import { systemClock } from '#platform/clock'
import { silentLog } from '#platform/log'

/** A serving process with one Python worker, to measure; prints its URL when it is ready. */
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: '' },
    state: { type: 'string', default: '' },
    python: { type: 'string', default: 'python3' },
  },
})

const controlToken = 'benchmark'
const paths = readdirSync(values.model)
const blobs = new Map<Digest, Buffer>()
const files = paths.map((path) => {
  const bytes = readFileSync(join(values.model, path))
  const digest = digestOf(bytes)
  blobs.set(digest, bytes)
  return { path, digest, sizeBytes: bytes.length }
})
const serving = await startServingProcess({
  host: '127.0.0.1',
  port: 0,
  stateDirectory: values.state,
  files: { get: async (digest) => blobs.get(digest) ?? new Uint8Array() },
  runtime: createPythonRuntime({
    directory: join(values.state, 'python'),
    python: values.python,
    environment: 'as-is',
    variable: (name) => process.env[name],
    workers: 1,
    log: silentLog,
  }),
  controlToken,
  clock: systemClock,
  log: silentLog,
})
const plan = {
  revision: 1,
  deployments: [
    {
      name: 'late',
      log: { mode: 'before_answer' },
      variants: [
        {
          name: 'champion',
          model: 'late',
          version: 1,
          weight: 100,
          files,
          format: { python: {} },
          signature: {
            inputs: [
              { name: 'distance', type: 'long', required: true },
              { name: 'delay', type: 'double', required: true },
              { name: 'origin', type: 'string', required: true },
            ],
            outputs: [{ name: 'prediction', type: 'long' }],
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
console.log(serving.url)
