import { availableParallelism, cpus } from 'node:os'
import type { Benchmark, BenchmarkRow } from './row.ts'

/** `npm run bench [NAME…]`: all benchmarks, or those whose name holds one of the words, as one table. */
const benchmarks: Readonly<Record<string, () => Promise<Benchmark>>> = {
  cli: async () => (await import('./cli.bench.ts')).cliBenchmark,
  data: async () => (await import('./data.bench.ts')).dataBenchmark,
  tracking: async () => (await import('./tracking.bench.ts')).trackingBenchmark,
  evaluation: async () => (await import('./evaluation.bench.ts')).evaluationBenchmark,
  training: async () => (await import('./training.bench.ts')).trainingBenchmark,
  serving: async () => (await import('./serving.bench.ts')).servingBenchmark,
  'python-model': async () => (await import('./python-model.bench.ts')).pythonModelBenchmark,
}

const words = process.argv.slice(2)
const chosen = Object.keys(benchmarks).filter(
  (name) => words.length === 0 || words.some((word) => name.includes(word)),
)
if (chosen.length === 0) {
  console.error(`No benchmark is called so. There are ${Object.keys(benchmarks).join(', ')}.`)
  process.exit(2)
}
const python = process.env['PYTHON']
const [cpu] = cpus()
console.log(
  `${availableParallelism()} cores, ${cpu?.model.trim() ?? 'unknown processor'}, Node ${process.version}`,
)
console.log(
  python === undefined ? 'peers: skipped; set PYTHON to a Python with lightgbm' : `peers: ${python}`,
)
for (const name of chosen) {
  const benchmark = await benchmarks[name]?.()
  console.log(`\n${name.padEnd(58)}${'OURS'.padStart(12)}${'PEER'.padStart(12)}${'RATIO'.padStart(8)}  UNIT`)
  for (const row of (await benchmark?.({ python })) ?? []) console.log(lineOf(row))
}

function lineOf({ name, ours, peer, unit, ratio, note }: BenchmarkRow): string {
  const share = ratio ?? (peer === undefined ? undefined : ours / peer)
  const cells = [
    `  ${name}`.padEnd(58),
    figure(ours).padStart(12),
    (peer === undefined ? '' : figure(peer)).padStart(12),
    (share === undefined ? '' : share.toFixed(2)).padStart(8),
    `  ${unit}`,
  ]
  return `${cells.join('')}${note === undefined ? '' : `   ${note}`}`
}

function figure(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toString() : Number(value.toPrecision(4)).toString()
}
