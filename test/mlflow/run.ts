import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pythonEnvironment } from './python.ts'

/**
 * Prepares the clients, then lets node's test runner run what needs them: their scripts, and the models that Python serves.
 * `npm run test:mlflow [-- words for the runner]`
 */
const found = await pythonEnvironment()
const environment =
  'python' in found ? { DEVMLOPS_TEST_PYTHON: found.python } : { DEVMLOPS_TEST_PYTHON_MISSING: found.missing }
const { status } = spawnSync(
  process.execPath,
  [
    '--conditions=source',
    '--test',
    '--test-global-setup=test/postgres.setup.ts',
    ...process.argv.slice(2),
    'test/mlflow/client-scripts.ts',
    'test/python-models.test.ts',
    'src/adapters/model-runtimes/python/python-runtime.test.ts',
  ],
  { cwd: join(import.meta.dirname, '..', '..'), stdio: 'inherit', env: { ...process.env, ...environment } },
)
process.exitCode = status ?? 1
