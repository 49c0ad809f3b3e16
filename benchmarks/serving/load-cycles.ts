import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOnnxRuntime } from '#adapters/model-runtimes/onnx/index'
import type { ModelSource } from '#lifecycle/serving/model-runtime-point'
import { forestModel } from './forest-model.ts'

/**
 * Memory of a serving process over loads and unloads of a forest of 500 trees of depth 10 (20 MB): every cycle loads it,
 * scores 64 rows and lets it go. Prints the resident memory every ten cycles, how long the event loop was held at most,
 * and the growth after the first ten.
 */
const [first = '60', target] = process.argv.slice(2)
if (first === 'write' && target !== undefined) {
  writeFileSync(target, forestModel({ trees: 500, depth: 10, features: 20 }))
  process.exit()
}
const cycles = Number(first)
const features = 20
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20)

// In a process of its own: what it takes to make the model is not memory of the server.
const folder = mkdtempSync(join(tmpdir(), 'load-cycles-'))
const path = join(folder, 'model.onnx')
spawnSync(process.execPath, [...process.execArgv, import.meta.filename, 'write', path], { stdio: 'inherit' })
const source: ModelSource = {
  label: 'forest',
  signature: {
    inputs: Array.from({ length: features }, (_, i) => ({ name: `f${i}`, type: 'float', required: true })),
    outputs: [
      { name: 'probability', type: 'float' },
      { name: 'label', type: 'long' },
    ],
  },
  format: undefined,
  paths: ['model.onnx'],
  read: () => readFile(path),
}

const runtime = createOnnxRuntime({ threads: 1 })
let longestStallMs = 0
let lastTick = performance.now()
const ticker = setInterval(() => {
  const now = performance.now()
  longestStallMs = Math.max(longestStallMs, now - lastTick - 5)
  lastTick = now
}, 5)

console.log(`model ${mebibytes(statSync(path).size)} MB, before: ${mebibytes(process.memoryUsage().rss)} MB`)
let warm = 0
let last = 0
for (let cycle = 1; cycle <= cycles; cycle++) {
  const begin = performance.now()
  const model = await runtime.load(source)
  const loadMs = performance.now() - begin
  await model.score({ rows: 64, numbers: new Float64Array(64 * features).fill(0.4), texts: [] })
  const loaded = process.memoryUsage().rss
  await model.release()
  last = process.memoryUsage().rss
  if (cycle === 10) warm = last
  if (cycle % 10 === 0 || cycle <= 3) {
    console.log(
      `cycle ${cycle}: load ${loadMs.toFixed(0)} ms, ${mebibytes(loaded)} MB with it, ${mebibytes(last)} MB without`,
    )
  }
}
console.log(
  `growth since cycle 10: ${mebibytes(last - warm)} MB; longest stall of the event loop ${longestStallMs.toFixed(0)} ms`,
)
clearInterval(ticker)
rmSync(folder, { recursive: true })
await runtime.close()
