import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pythonEnvironment } from './python.ts'

/** Prepares the clients, then lets node's test runner run their scripts: `npm run test:mlflow [-- words for the runner]`. */
const found = await pythonEnvironment()
const environment =
  'python' in found ? { MLFLOW_TEST_PYTHON: found.python } : { MLFLOW_TEST_MISSING: found.missing }
const { status } = spawnSync(
  process.execPath,
  [
    '--conditions=source',
    '--test',
    '--test-global-setup=test/postgres.setup.ts',
    ...process.argv.slice(2),
    join(import.meta.dirname, 'client-scripts.ts'),
  ],
  { cwd: join(import.meta.dirname, '..', '..'), stdio: 'inherit', env: { ...process.env, ...environment } },
)
process.exitCode = status ?? 1
