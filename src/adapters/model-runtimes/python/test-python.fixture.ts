import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModelSource } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { childEnvironment, environmentVariable } from '#platform/config'

/** A Python with MLflow, where the machine has one: `DEVMLOPS_TEST_PYTHON`, or `python3`. */
export function testPython(): string | undefined {
  const python = environmentVariable('DEVMLOPS_TEST_PYTHON') ?? 'python3'
  const probe = spawnSync(python, ['-c', 'import mlflow.pyfunc, sklearn'], { stdio: 'ignore' })
  return probe.status === 0 ? python : undefined
}

/** Saves the models of `saved_models.fixture.py` and answers their folder. */
export function saveModels(python: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'saved-models-'))
  execFileSync(python, ['-W', 'ignore', join(import.meta.dirname, 'saved_models.fixture.py'), folder], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: childEnvironment({ MLFLOW_DISABLE_TELEMETRY: 'true' }),
  })
  return folder
}

export function savedModel(folder: string, signature: ModelSignature): ModelSource {
  const paths = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => statSync(join(folder, path)).isFile())
  return {
    label: 'saved v1',
    signature,
    format: { python: {} },
    paths,
    read: async (path) => readFileSync(join(folder, path)),
  }
}
