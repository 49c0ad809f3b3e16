import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createFlightsProject, type FlightsProject } from './flights-project.fixture.ts'
import { ask, command, refusal, startCommand, startServer, until } from './program.fixture.ts'
import type { PipelineRunView } from '#lifecycle/pipelines/contract'
import { noTinyDisk, tinyDisk } from '#platform/tiny-disk.fixture'

const free = ['server', '--port', '0', '--serving-port', '0']
const waiting = (notes: string): string => `project: small-flights
data: { flights: { source: { files: incoming/* }, mode: append } }
pipelines:
  wait: { steps: { wait: { run: 'touch ${notes}/begun; while [ ! -e ${notes}/go ]; do sleep 0.02; done' } } }
`

describe('a store that is used by more than one', () => {
  let project: FlightsProject

  before(async () => {
    project = await createFlightsProject()
    await project.arrive('january.parquet', ['2001-01-01', '2001-02-01'])
  })
  after(() => project.remove())

  it('has one server: a second one is refused, names the first, and changes nothing of it', async () => {
    const server = await startServer(project.directory)
    const { problem, exit } = await refusal(project.directory, free)
    assert.deepEqual([problem.code, exit], ['store_in_use', 5])
    assert.match(problem.detail, new RegExp(`devmlops server.*process ${server.child.pid}`))
    assert.ok(problem.hint)
    await ask(project.directory, ['data', 'list'])
    assert.equal(await server.stop(), 0)
  })

  it('starts no server on a port that is taken, and leaves no lock behind', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve)
    })
    const port = String((other.address() as AddressInfo).port)
    const taken = ['server', '--port', port, '--serving-port', '0']
    const { problem, exit } = await refusal(project.directory, taken)
    other.close()
    assert.deepEqual([problem.code, exit], ['port_in_use', 5])
    assert.match(problem.detail, new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is taken`))
    assert.match(problem.hint ?? '', /--port/)
    const server = await startServer(project.directory)
    assert.equal(await server.stop(), 0)
  })

  it('lets one command write while others read, and refuses a second writer with the name of the first', async () => {
    project.write('devmlops.yaml', waiting(project.directory))
    const { child, finished } = startCommand(project.directory, ['run', 'wait'])
    await until(() => (existsSync(join(project.directory, 'begun')) ? true : undefined), 'the first writer')
    const runs = await ask<PipelineRunView[]>(project.directory, ['pipelines', 'runs'])
    assert.deepEqual(
      runs.map(({ state }) => state),
      ['running'],
    )
    const { problem, exit } = await refusal(project.directory, ['data', 'add', 'flights'])
    assert.deepEqual([problem.code, exit], ['store_in_use', 5])
    assert.match(problem.detail, new RegExp(`devmlops run wait.*process ${child.pid}`))
    assert.match(problem.hint ?? '', /reading works meanwhile/)
    project.write('go', '')
    assert.equal((await finished).code, 0)
    await ask(project.directory, ['data', 'add', 'flights'])
  })

  it('is whole whatever two commands do at the same moment', async () => {
    await project.arrive('february.parquet', ['2001-02-01', '2001-02-08'])
    const both = await Promise.all([1, 2].map(() => command(project.directory, ['data', 'add', 'flights'])))
    assert.ok(
      both.some(({ code }) => code === 0),
      JSON.stringify(both),
    )
    assert.ok(both.every(({ code }) => code === 0 || code === 5))
    const [dataset] = await ask<{ versions: number; latest: { rows: number } }[]>(project.directory, [
      'data',
      'list',
    ])
    assert.deepEqual([dataset?.versions, dataset?.latest.rows], [2, 120 * 38])
  })
})

describe('a disk that is full', () => {
  const disk = tinyDisk(64_000_000)

  it(
    'stops what needs space, keeps what is stored, and the same command works once there is space',
    { skip: disk === undefined && noTinyDisk },
    async () => {
      if (disk === undefined) return
      const project = await createFlightsProject()
      try {
        const home = { DEVMLOPS_HOME: join(disk.directory, 'home') }
        const listed = async () =>
          (
            await command<{ versions: number; latest: { digest: string } | null }[]>(
              project.directory,
              ['data', 'list'],
              home,
            )
          ).answer[0]
        await project.arrive('january.parquet', ['2001-01-01', '2001-02-05'])
        assert.equal((await command(project.directory, ['data', 'add', 'flights'], home)).code, 0)
        const before = await listed()
        await project.arrive('february.parquet', ['2001-02-05', '2001-02-26'])
        for (const freeBytes of [0, 20_000]) {
          disk.fill(freeBytes)
          for (const words of [
            ['data', 'add', 'flights'],
            ['run', 'train'],
          ]) {
            const { problem, exit } = await refusal(project.directory, words, home)
            assert.deepEqual(
              [problem.code, exit],
              ['storage_full', 11],
              `${words.join(' ')}: ${problem.detail}`,
            )
            assert.ok(problem.hint)
          }
          disk.empty()
          assert.deepEqual(await listed(), before)
        }
        assert.equal((await command(project.directory, ['data', 'add', 'flights'], home)).code, 0)
        assert.equal((await listed())?.versions, 2)
        assert.equal((await command(project.directory, ['run', 'train'], home)).code, 0)
      } finally {
        project.remove()
        disk.remove()
      }
    },
  )
})
