import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { bundledPackages } from '#composition/bundled-packages'
import { startCommand, until } from './program.fixture.ts'

const root = join(import.meta.dirname, '..')
const executable = join(root, 'bin', 'devmlops')

/**
 * What a start loads, rather than how long it takes, which a busy machine decides: every module costs a third of a
 * millisecond, the schema library 25 ms, DuckDB 130 ms.
 */
describe('starting the program', () => {
  let directory = ''
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'devmlops-start-'))
    writeFileSync(join(directory, 'devmlops.yaml'), projectIn(directory))
    writeFileSync(join(directory, 'orders.csv'), 'amount\n1\n2\n')
  })
  after(() => rmSync(directory, { recursive: true }))

  const loadedBy = (...words: string[]): string[] => {
    const list = join(directory, 'loaded.json')
    execFileSync(
      process.execPath,
      [
        '--conditions=source',
        '--import',
        join(root, 'test', 'loaded-modules.fixture.ts'),
        join(root, 'src', 'main.ts'),
        ...words,
      ],
      { cwd: directory, env: { ...process.env, LOADED_MODULES: list }, stdio: 'pipe' },
    )
    // A step's environment names the version of the table engine, which stands in its package.json.
    return (JSON.parse(readFileSync(list, 'utf8')) as string[]).filter((url) => !url.endsWith('package.json'))
  }
  const packagesIn = (urls: readonly string[]): Set<string> =>
    new Set(
      urls.flatMap((url) => /\/(?:node_modules|dist\/packages)\/((?:@[\w-]+\/)?[\w-]+)/.exec(url)?.[1] ?? []),
    )

  it('for help loads no package at all', () => {
    const loaded = loadedBy('--help')
    assert.deepEqual([...packagesIn(loaded)], [])
    assert.ok(loaded.length < 60, `${loaded.length} modules`)
    assert.deepEqual([...packagesIn(loadedBy('run', '--help'))], [])
  })

  it('for an unchanged pipeline loads neither table engine, model runtime nor server', () => {
    loadedBy('data', 'add')
    loadedBy('run', 'count')
    const loaded = loadedBy('run', 'count')
    const packages = packagesIn(loaded)
    assert.ok(packages.has('kysely'), 'it saw packages')
    for (const heavy of [
      '@duckdb/node-api',
      'onnxruntime-node',
      'onnxruntime-common',
      'hono',
      'pg',
      'aws4fetch',
    ]) {
      assert.ok(!packages.has(heavy), heavy)
    }
    assert.deepEqual(
      loaded.filter((url) => /\/adapters\/(trainers|model-runtimes)\//.test(url)),
      [],
    )
  })

  it('reads packages of many files from one file each, with the same names in it', async (context) => {
    if (!existsSync(join(root, 'dist', 'packages'))) return context.skip('not built: npm run build:packages')
    for (const name of bundledPackages) {
      const bundled = (await import(join(root, 'dist', 'packages', `${name}.js`))) as object
      const names = (value: object): string[] =>
        Object.keys(value)
          .filter((key) => key !== 'default' && key !== 'module.exports')
          .sort()
      assert.deepEqual(names(bundled), names((await import(name)) as object), name)
    }
  })

  it('never names a secret of the environment in its errors', () => {
    const { out } = run(['runs'], { DEVMLOPS_DATABASE_URL: 'postgres://ada:s3cret@127.0.0.1:1/metadata' })
    assert.match(out, /127\.0\.0\.1:1\/metadata/)
    assert.doesNotMatch(out, /s3cret/)
  })

  const run = (words: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
    try {
      const out = execFileSync(executable, words, {
        cwd: directory,
        env: { ...process.env, ...environment },
        stdio: 'pipe',
      })
      return { code: 0, out: out.toString() }
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: Buffer; stderr: Buffer }
      return { code: status, out: stdout.toString() + stderr.toString() }
    }
  }

  it('shows no colour in a pipe, under NO_COLOR and on a dumb terminal', () => {
    for (const environment of [{}, { NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      assert.ok(!run(['--help'], environment).out.includes('\u001B'))
    }
  })

  it('ends quietly when nobody reads on', async () => {
    const child = spawn(executable, ['--help'], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    const [complaints, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    assert.deepEqual([complaints, code], ['', 0])
  })

  it('with Ctrl-C stops what it started, says so, and can go on later', async () => {
    const mark = join(directory, 'begun')
    const { child, finished } = startCommand(directory, ['run', 'wait'])
    await until(() => (existsSync(mark) ? true : undefined), 'the step')
    child.kill('SIGINT')
    const { code, out } = await finished
    assert.equal(code, 9)
    assert.match(out, /"cancelled"/)
    const pid = readFileSync(mark, 'utf8').trim()
    await until(() => (existsSync(`/proc/${pid}`) ? undefined : true), 'the end of the step')
  })
})

const projectIn = (directory: string): string => `project: small
data: { orders: { source: { files: '*.csv' } } }
pipelines:
  count:
    steps:
      count:
        sql: SELECT count(*) AS orders FROM orders
        inputs: { orders: data.orders }
        outputs: [counted]
  wait:
    steps:
      wait:
        run: |
          echo $$ > ${directory}/begun.new
          mv ${directory}/begun.new ${directory}/begun
          sleep 60
`
