import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

const root = join(import.meta.dirname, '..')
const modules = join(root, 'node_modules')

/** What somebody else's project writes, checked by its compiler and run by its Node. */
const program = `
import { connect, DevmlopsError, startRun, type Run, type RunDocument } from 'devmlops/sdk'

async function train(): Promise<number> {
  return startRun({ url: 'http://127.0.0.1:9', journal: 'journal', params: { depth: 6, layers: [3, 2] } }, (run: Run) => {
    run.logMetrics({ loss: 0.5 }, { step: 1, timestamp: new Date() })
    // @ts-expect-error A metric is a number.
    run.logMetric('loss', 'low')
    return 7
  })
}

async function best(): Promise<RunDocument | undefined> {
  for await (const run of connect({ journal: 'journal' }).searchRuns({ orderBy: 'metrics.loss' })) return run
  return undefined
}

await using stack = new AsyncDisposableStack()
void best
try {
  const answer: number = await train()
  console.log(answer)
} catch (error) {
  console.log(error instanceof DevmlopsError && error.code)
}
`

describe('the package devmlops, as another project installs it', () => {
  let project = ''

  before(() => {
    project = mkdtempSync(join(tmpdir(), 'devmlops-package-'))
    const installed = join(project, 'node_modules', 'devmlops')
    mkdirSync(installed, { recursive: true })
    // As `npm pack` builds it, but only what the SDK reaches: the whole program takes four times as long.
    const build = {
      extends: join(root, 'tsconfig.build.json'),
      compilerOptions: {
        rootDir: join(root, 'src'),
        outDir: join(installed, 'dist'),
        typeRoots: [join(modules, '@types')],
      },
      files: ['index.ts', 'send-journal.ts'].map((file) => join(root, 'src', 'sdk', file)),
      include: [],
    }
    writeFileSync(join(project, 'build.json'), JSON.stringify(build))
    node(['tsc', '-p', join(project, 'build.json')], root)
    cpSync(join(root, 'package.json'), join(installed, 'package.json'))
    for (const name of ['zod', '@types', 'undici-types'])
      symlinkSync(join(modules, name), join(project, 'node_modules', name))
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(project, 'program.ts'), program)
  })
  after(() => rmSync(project, { recursive: true, force: true }))

  const node = ([tool = '', ...words]: readonly string[], cwd: string): string =>
    execFileSync(process.execPath, [join(modules, 'typescript', 'bin', tool), ...words], {
      cwd,
      encoding: 'utf8',
    })

  it('has types that a strict project compiles with, declarations included', () => {
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noEmit']
    const files = ['--module', 'nodenext', '--target', 'esnext', '--types', 'node', 'program.ts']
    node(['tsc', ...strict, ...files], project)
  })

  it('runs on Node alone', () => {
    assert.equal(
      execFileSync(process.execPath, ['program.ts'], { cwd: project, encoding: 'utf8' }),
      'server_unreachable\n',
    )
  })
})
