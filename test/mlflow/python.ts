import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
const requirements = join(import.meta.dirname, 'requirements.txt')

export type PythonEnvironment = { readonly python: string } | { readonly missing: string }

/**
 * An interpreter with the packages of `requirements.txt`: the one in `DEVMLOPS_TEST_PYTHON`, or one in a virtual environment of
 * the checkout that is made once for each content of that file. Says what is missing rather than failing: whoever has no
 * Python, or no network, still runs everything else.
 */
export async function pythonEnvironment(): Promise<PythonEnvironment> {
  const given = process.env['DEVMLOPS_TEST_PYTHON']
  if (given !== undefined && given !== '') return usable(given)
  const version = await run('python3', ['--version']).catch(() => undefined)
  if (version === undefined) return { missing: 'python3 is not installed' }
  const digest = createHash('sha256')
    .update(version.stdout)
    .update(readFileSync(requirements))
    .digest('hex')
    .slice(0, 12)
  const directory = join(root, '.cache', `mlflow-client-${digest}`)
  const complete = join(directory, 'complete')
  const python = join(directory, 'bin', 'python')
  if (existsSync(complete)) return { python }
  try {
    console.log(`Installing MLflow's client into ${directory}; this happens once.`)
    rmSync(directory, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', directory])
    const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
    await run(python, words, { timeout: 900_000, maxBuffer: 1 << 26 })
    writeFileSync(complete, '')
    return { python }
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    return { missing: `MLflow's client could not be installed: ${lastLineOf(error)}` }
  }
}

async function usable(python: string): Promise<PythonEnvironment> {
  try {
    await run(python, ['-c', 'import mlflow'])
    return { python }
  } catch (error) {
    return { missing: `${python}, from DEVMLOPS_TEST_PYTHON, cannot import mlflow: ${lastLineOf(error)}` }
  }
}

function lastLineOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  const text = stderr === undefined || stderr.trim() === '' ? message : stderr
  return (text.trim().split('\n').at(-1) ?? '').slice(0, 300)
}
