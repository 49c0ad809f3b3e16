import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { freshDatabase } from '#platform/database/testing'
import { ask, startServer, type ServerProcess } from '../program.fixture.ts'
import { checkOneRecord, projectOf } from './one-record.ts'

const python = process.env['DEVMLOPS_TEST_PYTHON'] ?? ''
const missing = process.env['DEVMLOPS_TEST_PYTHON_MISSING'] || undefined
const noPostgres =
  process.env['DEVMLOPS_TEST_POSTGRES_URL'] === undefined
    ? (process.env['DEVMLOPS_TEST_POSTGRES_PROBLEM'] ?? 'no PostgreSQL was started')
    : false
const withJava = (process.env['MLFLOW_TEST_JAVA'] ?? '') !== ''
const scripts = join(import.meta.dirname, 'scripts')
/** Only ends a script that hangs. */
const limitMs = 240_000

/** Each script has one theme; what it is about stands in its first line. */
const pythonScripts = [
  'tracking',
  'sweep',
  'search',
  'errors',
  'datasets',
  'artifacts',
  'registry',
  'prompts',
  'webhooks',
  'models',
  'autologging',
  'evaluation',
  'command_line',
  'many_points',
] as const

/** Side by side on the two engines, one script after the other on each: importing mlflow takes most of a core. */
describe("MLflow's clients", { concurrency: 2 }, () => {
  // A test that is skipped, not a suite: the summary counts it.
  if (missing !== undefined) return void it('all of them', { skip: missing })
  describe('on SQLite', { concurrency: 1 }, () => scriptsOn(async () => ({})))
  if (noPostgres !== false) return void it('on PostgreSQL', { skip: noPostgres })
  describe('on PostgreSQL', { concurrency: 1 }, () =>
    scriptsOn(async () => ({ DEVMLOPS_DATABASE_URL: await freshDatabase() })),
  )
})

function scriptsOn(settings: () => Promise<Readonly<Record<string, string>>>): void {
  let directory = ''
  let server: ServerProcess
  /** What the server says; shown when a script fails. */
  let log = ''

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'devmlops-mlflow-'))
    writeFileSync(join(directory, 'devmlops.yaml'), projectOf(python, join(scripts, 'everywhere.py')))
    server = await startServer(directory, [], {
      ...(await settings()),
      DEVMLOPS_WEBHOOK_PRIVATE_HOSTS: '1',
    })
    server.child.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)))
  })
  after(async () => {
    assert.equal(await server.stop(), 0)
    rmSync(directory, { recursive: true, force: true })
  })

  it('a run shows once and everywhere, whether a pipeline, the SDK or MLflow made it', () =>
    checkOneRecord({ directory, server, journal: join(directory, 'journal') }, () =>
      succeed(python, [join(scripts, 'everywhere.py')], { directory, server, log: () => log }),
    ))

  for (const name of pythonScripts) {
    it(`Python: ${name.replaceAll('_', ' ')}`, async (context) => {
      const printed = await succeed(python, [join(scripts, `${name}.py`)], {
        directory,
        server,
        log: () => log,
      })
      const [measured] = /^points per second: .*/m.exec(printed) ?? []
      if (measured !== undefined) context.diagnostic(measured)
    })
  }

  it('Python: moving in from a store of its own, and out again', async () => {
    const inPython = (words: readonly string[], url?: string): Promise<string> =>
      succeed(python, [join(scripts, 'moving.py'), ...words], {
        directory,
        server: url === undefined ? server : { ...server, url },
        log: () => log,
      })
    const notes = join(directory, 'moved.json')
    await inPython(['write', notes], `sqlite:///${join(directory, 'mlflow.db')}`)
    await ask(directory, ['import', 'mlflow', 'mlflow.db'])
    await inPython(['read', notes])
    const { run_id: runId } = JSON.parse(readFileSync(notes, 'utf8')) as { run_id: string }
    await ask(directory, ['export', 'run', runId, '--to', 'moved-runs'])
    await inPython(['read-run', notes], `file://${join(directory, 'moved-runs')}`)
    await ask(directory, ['export', 'model', 'moving@champion', '--to', 'moved-model'])
    await inPython(['load', notes, join(directory, 'moved-model')])
  })

  it('curl: requests as the R client and older clients send them', async () => {
    await succeed('bash', [join(scripts, 'requests.sh')], { directory, server, log: () => log })
  })

  // Maven downloads itself a repository on its first run, so this one has to be asked for.
  it('Java', { skip: withJava ? false : 'set MLFLOW_TEST_JAVA=1 where there is Maven' }, async () => {
    const words = ['-q', '-B', 'compile', 'exec:java', '-Dexec.mainClass=JavaClient']
    await succeed('mvn', words, { directory: join(import.meta.dirname, 'java'), server, log: () => log })
  })
}

/** Runs a client to its end, in a folder that it may fill. Nothing is set but the address of the server. */
async function succeed(
  program: string,
  words: readonly string[],
  { directory, server, log }: { directory: string; server: ServerProcess; log: () => string },
): Promise<string> {
  const child = spawn(program, words, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    env: {
      ...withoutMlflowSettings(),
      MLFLOW_TRACKING_URI: server.url,
      // Its files, which it calls legacy, are what an export is written as.
      MLFLOW_ALLOW_FILE_STORE: 'true',
      MLFLOW_DISABLE_TELEMETRY: 'true',
      // A fault of the server would be tried again for minutes, and hide behind the limit.
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '2',
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONWARNINGS: 'ignore',
      MPLBACKEND: 'Agg',
      DEVMLOPS: '1',
    },
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  }
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (...ending) => resolve(ending))
  })
  assert.equal(code, 0, `ended with ${code ?? signal}:\n${printed.slice(-4000)}\nthe server:\n${log()}`)
  return printed
}

function withoutMlflowSettings(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(MLFLOW|DEVMLOPS)_/.test(name))
  return Object.fromEntries(kept)
}
