import { access, constants, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf } from '#contract/errors'
import type { Command } from '#platform/terminal/index'

interface Finding {
  readonly check: string
  readonly outcome: 'ok' | 'warn' | 'fail'
  readonly detail: string
}

const oldestNode = [24, 16] as const
const littleSpaceBytes = 2e9

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Check this machine and this project, and say what to mend',
  examples: [{ line: 'devmlops doctor', what: 'Node, disk, store, project file, server, Python' }],
  run: async ({ options, directory, terminal, json }) => {
    const findings = await examine(options.text('project') ?? directory)
    if (json) return terminal.json(findings)
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
  },
}

async function examine(directory: string): Promise<Finding[]> {
  const { readConfig } = await import('#platform/config')
  const config = readConfig({ projectDirectory: directory })
  return [
    nodeVersion(),
    await attempt('project file', async () => (await openProject(directory)).name),
    await attempt('store', async () => storeState(config.home)),
    await attempt('disk', async () => freeSpace(config.home)),
    await attempt('table engine', async () => {
      const { openTables } = await import('#platform/tables/index')
      const tables = await openTables({ allowedDirectories: [], temporaryDirectory: `${config.home}/tmp` })
      const [row] = await tables.rows('SELECT version() AS version')
      tables.close()
      return `DuckDB ${row?.['version'] as string}`
    }),
    await attempt('server', async () => {
      const { findServer } = await import('#cli/find-server')
      return (await findServer(config.home)) ?? 'not running; `devmlops server` starts it'
    }),
    await attempt('python', pythonVersion),
  ]
}

async function attempt(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    const detail = await look()
    return { check, outcome: detail.startsWith('!') ? 'warn' : 'ok', detail: detail.replace(/^! /, '') }
  } catch (error) {
    return { check, outcome: 'fail', detail: messageOf(error).split('\n')[0] ?? '' }
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

async function storeState(home: string): Promise<string> {
  const exists = await access(home, constants.W_OK).then(
    () => true,
    () => false,
  )
  return exists ? home : `${home} does not exist yet; the first command makes it`
}

async function freeSpace(home: string): Promise<string> {
  const { bavail, bsize } = await statfs(home).catch(() => statfs(dirname(home)))
  const free = bavail * bsize
  return `${free < littleSpaceBytes ? '! ' : ''}${(free / 1e9).toFixed(1)} GB free`
}

async function pythonVersion(): Promise<string> {
  const { execFile } = await import('node:child_process')
  return new Promise((resolve) => {
    execFile('python3', ['--version'], { timeout: 5000 }, (error, stdout) =>
      resolve(error === null ? stdout.trim() : 'none; only steps and models written in Python need it'),
    )
  })
}
