import { existsSync } from 'node:fs'
import { access, constants, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DevmlopsError, fail, messageOf, type ErrorCode } from '#contract/errors'
import { childEnvironment, type Config } from '#platform/config'
import { explainSystemError } from '#platform/system-error'
import type { Command } from '#platform/terminal/index'

interface Finding {
  readonly check: string
  readonly outcome: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** Why it failed, in the words of the error table. */
  readonly code?: ErrorCode
  readonly hint?: string
}

const oldestNode = [24, 16] as const
const littleSpaceBytes = 2e9

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Check this machine and this project, and say what to mend',
  examples: [{ line: 'devmlops doctor', what: 'Node, disk, store, project file, server, Python' }],
  run: async ({ options, directory, terminal, json }) => {
    const findings = await examine(options.text('project') ?? directory)
    if (json) terminal.json(findings)
    const marks = {
      ok: terminal.style('✓', 'green'),
      warn: terminal.style('!', 'yellow'),
      fail: terminal.style('✗', 'red'),
    }
    terminal.table(findings, [
      { title: '', value: ({ outcome }) => marks[outcome] },
      { title: 'CHECK', value: ({ check }) => check },
      { title: 'FOUND', value: ({ detail }) => detail, shrink: true },
    ])
    const failed = findings.filter(({ outcome }) => outcome === 'fail')
    const [first] = failed
    if (first === undefined) return
    const names = failed.map(({ check }) => check).join(', ')
    const detail = first.hint === undefined ? {} : { hint: first.hint }
    fail(first.code ?? 'internal', `Not in order: ${names}. ${first.detail}`, detail)
  },
}

async function examine(directory: string): Promise<Finding[]> {
  const { readConfig } = await import('#platform/config')
  const { findProject } = await import('#lifecycle/project/index')
  const projectDirectory = await findProject(directory).then(dirname, () => directory)
  const config = readConfig({ projectDirectory })
  return [
    nodeVersion(),
    await attempt('project file', async () => (await openProject(directory)).name),
    await attempt('store', () => storeState(config)),
    await attempt('disk', async () => freeSpace(config.home)),
    await attempt('table engine', async () => {
      const { openTables } = await import('#platform/tables/index')
      // Not in the home folder: looking must not make it.
      const tables = await openTables({
        allowedDirectories: [],
        temporaryDirectory: join(tmpdir(), 'devmlops-doctor'),
      })
      const [row] = await tables.rows('SELECT version() AS version')
      tables.close()
      return `DuckDB ${row?.['version'] as string}`
    }),
    await attempt('server', async () => {
      const { findServer } = await import('#cli/find-server')
      return (await findServer(config.home)) ?? 'not running; `devmlops server` starts it'
    }),
    await attempt('python', () => pythonState(config)),
  ]
}

async function attempt(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    const detail = await look()
    return { check, outcome: detail.startsWith('!') ? 'warn' : 'ok', detail: detail.replace(/^! /, '') }
  } catch (error) {
    const known = error instanceof DevmlopsError ? error : undefined
    return {
      check,
      outcome: 'fail',
      detail: messageOf(error).split('\n')[0] ?? '',
      ...(known === undefined ? {} : { code: known.code }),
      ...(known?.hint === undefined ? {} : { hint: known.hint }),
    }
  }
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const enough = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
  return {
    check: 'node',
    outcome: enough ? 'ok' : 'fail',
    detail: `${process.version} (needs ${oldestNode.join('.')} or newer)`,
  }
}

async function openProject(directory: string) {
  const { readProjectAt } = await import('./project-source.ts')
  return readProjectAt(directory)
}

async function storeState({ home, databaseUrl }: Config): Promise<string> {
  if (databaseUrl !== undefined) return postgresState(databaseUrl)
  try {
    await access(home, constants.W_OK)
    return home
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return `${home} does not exist yet; the first command makes it`
    throw explainSystemError(error)
  }
}

async function postgresState(url: string): Promise<string> {
  const { openDatabase } = await import('#platform/database/index')
  const database = await openDatabase({ url })
  try {
    await database.query.introspection.getTables()
    return `PostgreSQL at ${new URL(url).host}`
  } finally {
    await database.close()
  }
}

async function freeSpace(home: string): Promise<string> {
  // The home folder may not be there yet, nor the folder that it is to stand in.
  let place = home
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place)
  const { bavail, bsize } = await statfs(place)
  const free = bavail * bsize
  return `${free < littleSpaceBytes ? '! ' : ''}${(free / 1e9).toFixed(1)} GB free`
}

/** What models that were logged in Python would run on. */
async function pythonState({ python, pythonEnvironment }: Config): Promise<string> {
  const { askInterpreter } = await import('#adapters/model-runtimes/python/index')
  const found = await askInterpreter(python ?? 'python3', childEnvironment({}))
  if (found === undefined) {
    if (python !== undefined) return `! DEVMLOPS_PYTHON (${python}) does not start as Python`
    return 'none; only steps and models written in Python need it'
  }
  const models =
    pythonEnvironment === 'as-is'
      ? 'models run on it as it is'
      : 'models get an environment of their own requirements'
  return `Python ${found.version} (${found.command}); ${models}`
}
