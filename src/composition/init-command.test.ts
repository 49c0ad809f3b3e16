import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runCommandLine } from '#cli/run'
import { initCommand } from './init-command.ts'
import { readProjectAt } from './project-source.ts'
import { setUpExampleData } from './example-data.ts'

describe('devmlops init', () => {
  let directory = ''
  before(() => (directory = mkdtempSync(join(tmpdir(), 'devmlops-init-'))))
  after(() => rmSync(directory, { recursive: true }))

  const init = async (...words: string[]) => {
    const printed = { out: '', err: '' }
    const stream = (name: 'out' | 'err') =>
      ({ write: (text: string) => (printed[name] += text) }) as unknown as NodeJS.WriteStream
    const code = await runCommandLine(['init', ...words], {
      commands: [initCommand],
      version: 'test',
      connect: () => assert.fail('init needs no store'),
      out: stream('out'),
      err: stream('err'),
      directory,
      signal: new AbortController().signal,
    })
    return { code, ...printed }
  }
  const files = (name: string): string[] => readdirSync(join(directory, name)).sort()

  it('starts a project that has no mistake, with a schema for editors', async () => {
    const { code, out } = await init('My Project!')
    assert.equal(code, 0)
    assert.match(out, /next: cd 'My Project!' && devmlops doctor/)
    assert.deepEqual(files('My Project!'), ['.gitignore', 'devmlops.schema.json', 'devmlops.yaml'])
    const project = await readProjectAt(join(directory, 'My Project!'))
    assert.equal(project.name, 'my-project')
    const schema = JSON.parse(
      readFileSync(join(directory, 'My Project!', 'devmlops.schema.json'), 'utf8'),
    ) as object
    assert.ok('properties' in schema)
  })

  it('never writes over a project', async () => {
    await init('twice')
    writeFileSync(join(directory, 'twice', 'devmlops.yaml'), 'project: mine\n')
    for (const more of [[], ['--example', 'flight-delays']]) {
      const { code, err } = await init('twice', ...more)
      assert.equal(code, 5)
      assert.match(err, /twice\/devmlops\.yaml is there already.*\n.*Nothing was changed/)
    }
    assert.equal(readFileSync(join(directory, 'twice', 'devmlops.yaml'), 'utf8'), 'project: mine\n')
    assert.equal(existsSync(join(directory, 'twice', 'months')), false)
  })

  it('keeps a .gitignore that is there', async () => {
    await init('kept')
    rmSync(join(directory, 'kept', 'devmlops.yaml'))
    writeFileSync(join(directory, 'kept', '.gitignore'), 'secret.txt\n')
    assert.equal((await init('kept')).code, 0)
    assert.equal(readFileSync(join(directory, 'kept', '.gitignore'), 'utf8'), 'secret.txt\n')
  })

  it('says which examples there are, and leaves no folder behind', async () => {
    for (const name of ['flights', '../..', '']) {
      const { code, err } = await init('none', `--example=${name}`)
      assert.deepEqual([code, /The example is flight-delays/.test(err)], [4, true])
    }
    assert.equal(existsSync(join(directory, 'none')), false)
  })

  it('copies an example with its data, and can be repeated when it was cut off', async () => {
    // As a killed init leaves it: half of the months aside, one file of the user's, no project file yet.
    const { mkdirSync } = await import('node:fs')
    mkdirSync(join(directory, 'flights', '.months'), { recursive: true })
    writeFileSync(join(directory, 'flights', '.months', '2001-01.parquet'), 'half')
    const { code, out } = await init('flights', '--example', 'flight-delays')
    assert.equal(code, 0)
    assert.match(out, /next: cd flights && cp months\/2001-01\.parquet .* incoming\/ && devmlops data add/)
    assert.equal((await readProjectAt(join(directory, 'flights'))).name, 'flight-delays')
    assert.deepEqual(
      files('flights/months'),
      [1, 2, 3, 4, 5, 6].map((month) => `2001-0${month}.parquet`),
    )
    assert.equal(existsSync(join(directory, 'flights', '.months')), false)
    assert.equal(existsSync(join(directory, 'flights', 'setup.sql')), false)
    assert.ok(existsSync(join(directory, 'flights', 'sql', 'prepare.sql')))
  })

  it('says which package has the data of an example, when it is not installed', async () => {
    const setup = join(directory, 'setup.sql')
    writeFileSync(
      setup,
      "-- source: no-such-package/data.parquet\nCOPY (FROM $source) TO '$target/x.parquet';\n",
    )
    await assert.rejects(setUpExampleData(setup, join(directory, 'elsewhere')), {
      code: 'not_found',
      message: /npm package "no-such-package", which is not installed/,
      hint: 'npm install no-such-package',
    })
    assert.equal(existsSync(join(directory, 'elsewhere')), false)
  })

  it('into what is a file says so', async () => {
    writeFileSync(join(directory, 'file'), '')
    const { code, err } = await init('file')
    assert.equal(code, 5)
    assert.match(err, /^error: .*file/)
  })
})
