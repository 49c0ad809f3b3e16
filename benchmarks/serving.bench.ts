import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peerScript } from './peer-script.ts'
import type { BenchmarkOptions, BenchmarkRow } from './row.ts'
import { batchRows } from './serving/batch-rows.ts'
import { besideRows } from './serving/beside-rows.ts'
import type { Pythons } from './serving/peer-servers.ts'
import { requestRows } from './serving/request-rows.ts'
import { startRows } from './serving/start-rows.ts'
import { tensorRows } from './serving/tensor-rows.ts'

type Measurement = (forest: string | undefined, pythons: Pythons | undefined) => Promise<BenchmarkRow[]>

/** `--only=requests,batch` measures these alone. */
const measurements: Readonly<Record<string, Measurement>> = {
  requests: requestRows,
  tensors: tensorRows,
  batch: batchRows,
  start: startRows,
  beside: besideRows,
}

/**
 * One serving process beside FastAPI, MLServer, BentoML and `mlflow models serve`, all with the same forest of scikit-learn, on the
 * same machine in the same run. PYTHON has fastapi, uvicorn, onnxruntime, bentoml, pandas and skl2onnx; PYTHON_MLSERVER, when it
 * is another one, mlserver, mlserver-sklearn and mlflow. Without them the forest is made of random numbers.
 */
export async function servingBenchmark({ python }: BenchmarkOptions): Promise<BenchmarkRow[]> {
  const only = process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length)
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-serving-bench-'))
  const pythons =
    python === undefined ? undefined : { python, mlserver: process.env['PYTHON_MLSERVER'] ?? python }
  const rows: BenchmarkRow[] = []
  try {
    const made = await peerScript(python, join(import.meta.dirname, 'serving', 'make_forest.py'), directory)
    for (const name of only?.split(',') ?? Object.keys(measurements))
      rows.push(...((await measurements[name]?.(made === undefined ? undefined : directory, pythons)) ?? []))
    return rows
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
