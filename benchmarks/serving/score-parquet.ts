import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createOnnxRuntime } from '#adapters/model-runtimes/onnx/index'
import { scoreFiles } from '#lifecycle/serving/batch/score-files'
import { forestModel, forestSignature as signature } from './forest-model.ts'

/** Scores a Parquet file with the forest, as a process of its own. Arguments: the file, the folder of the result, the forest's. */
const [source = '', target = '', forest] = process.argv.slice(2)
const bytes =
  forest === undefined
    ? forestModel({ trees: 100, depth: 6, features: 20 })
    : readFileSync(join(forest, 'forest.onnx'))
const path = forest === undefined ? 'model.onnx' : 'forest.onnx'
const startedAt = performance.now()
const runtime = createOnnxRuntime({ threads: availableParallelism() })
const model = await runtime.load({
  label: 'forest v1',
  signature,
  format: forest === undefined ? undefined : { onnx: { path } },
  paths: [path],
  read: () => Promise.resolve(bytes),
})
await scoreFiles({
  files: [source],
  model,
  label: 'forest v1',
  signature,
  directory: target,
  signal: new AbortController().signal,
  progress: () => undefined,
})
const seconds = (performance.now() - startedAt) / 1000
console.log(JSON.stringify({ seconds, peakMb: process.resourceUsage().maxRSS / 1000 }))
await runtime.close()
