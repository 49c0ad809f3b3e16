import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createFlightsProject, type FlightsProject } from './flights-project.fixture.ts'
import { startServer, until, type ServerProcess } from './program.fixture.ts'
import { createClient, httpTransport } from '#contract/client'
import type { Client, Download } from '#contract/endpoint'
import { pipelinesContract, type PipelineRunDetail } from '#lifecycle/pipelines/contract'

const mebibyte = 1024 * 1024

describe('a step that', () => {
  let project: FlightsProject
  let server: ServerProcess
  let pipelines: Client<typeof pipelinesContract>

  before(async () => {
    project = await createFlightsProject()
    server = await startServer(project.directory)
    pipelines = createClient(pipelinesContract, httpTransport({ url: server.url }))
  })
  after(async () => {
    await server.stop()
    project.remove()
  })

  it('hangs is ended at its limit with everything that it started, and what was before it is kept', async () => {
    const hanging = `
      first: { run: 'echo 1 > "$DEVMLOPS_OUTPUT_NUMBER"', outputs: { number: number.txt } }
      wait: { run: 'sleep 300 & echo $! > child.pid; wait', inputs: { n: first.number }, timeout: 500ms }
      last: { run: 'true', needs: [wait] }`
    const { state, failure, steps } = await run(hanging)
    assert.deepEqual([state, failure?.code], ['failed', 'step_failed'])
    assert.match(failure?.message ?? '', /"wait" failed: It took longer than its limit of 500ms/)
    assert.match(failure?.hint ?? '', /timeout/)
    assert.deepEqual(states(steps), { first: 'succeeded', wait: 'failed', last: 'skipped' })
    const child = Number(readFileSync(join(project.directory, 'child.pid'), 'utf8'))
    await until(() => (isAlive(child) ? undefined : true), 'the end of what the step started')
    assert.deepEqual(states((await run(hanging)).steps), { first: 'cached', wait: 'failed', last: 'skipped' })
  })

  it('prints without end has the beginning and the end of it kept, and does no harm', async () => {
    const { id, state } = await run(`
      loud: { run: 'echo the beginning; head -c 60000000 /dev/zero | tr "\\\\0" x; echo; echo the end' }`)
    assert.equal(state, 'succeeded')
    const log = await logOf(id, 'loud')
    assert.ok(log.length > mebibyte && log.length < 11 * mebibyte, `${log.length} characters`)
    assert.match(log.slice(0, 100), /the beginning/)
    assert.match(log.slice(-100), /the end/)
  })

  it('is killed says by which signal', async () => {
    const { failure } = await run(`
      dies: { run: 'kill -9 $$' }`)
    assert.match(failure?.message ?? '', /"dies" failed: The command was killed \(SIGKILL\)/)
  })

  it('fails shows its last lines and its exit code', async () => {
    const { failure } = await run(`
      fails: { run: 'echo no such table >&2; exit 3' }`)
    assert.match(failure?.message ?? '', /exit code 3/)
    assert.deepEqual(failure?.lastLines, ['no such table'])
  })

  it('fails now and then is tried again', async () => {
    const { state, steps } = await run(`
      moody: { run: 'if [ -e tried ]; then exit 0; fi; touch tried; exit 1', retries: 2, retry_delay: 10ms }`)
    assert.deepEqual([state, steps[0]?.attempt], ['succeeded', 2])
  })

  it('does not make what it promised is named, and nothing of it is reused', async () => {
    const { failure } = await run(`
      empty: { run: 'true', outputs: { page: page.html } }`)
    assert.match(failure?.message ?? '', /did not write its output "page"/)
    assert.match(failure?.hint ?? '', /page\.html/)
  })

  it('needs a program that is not there says which', async () => {
    const { failure } = await run(`
      typo: { run: [pyhton, train.py] }`)
    assert.match(failure?.message ?? '', /There is no program "pyhton"/)
  })

  it('is SQL reaches no file but its inputs', async () => {
    const { failure } = await run(`
      spy: { sql: "SELECT * FROM read_csv('/etc/passwd')", outputs: [words] }`)
    assert.match(failure?.message ?? '', /sql:1: .*Cannot access file "\/etc\/passwd"/s)
  })

  it('is cancelled takes what it started with it', async () => {
    write(`
      long: { run: 'sleep 300 & echo $! > long.pid; wait' }`)
    const { id } = await pipelines.start({ pipeline: 'odd' })
    const pid = await until(() => {
      const file = join(project.directory, 'long.pid')
      const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
      return text === '' ? undefined : Number(text)
    }, 'the start of the step')
    await pipelines.cancel({ runId: id })
    assert.equal((await finished(id)).state, 'cancelled')
    await until(() => (isAlive(pid) ? undefined : true), 'the end of what the step started')
  })

  function write(steps: string): void {
    project.write('devmlops.yaml', `project: small-flights\npipelines:\n  odd:\n    steps:${steps}\n`)
  }

  async function run(steps: string): Promise<PipelineRunDetail> {
    write(steps)
    return finished((await pipelines.start({ pipeline: 'odd' })).id)
  }

  async function finished(runId: string): Promise<PipelineRunDetail> {
    let run = await pipelines.run({ runId })
    while (run.finishedAt === undefined)
      run = await pipelines.run({ runId, sinceRevision: run.revision, waitMs: 5000 })
    return run
  }

  async function logOf(runId: string, step: string): Promise<string> {
    const { body } = (await pipelines.stepLog({ runId, step })) as Download
    return new Response(body as ReadableStream<Uint8Array>).text()
  }
})

function states(steps: PipelineRunDetail['steps']): Record<string, string> {
  return Object.fromEntries(steps.map(({ step, state }) => [step, state]))
}

function isAlive(pid: number): boolean {
  try {
    // A process that has ended and that nobody has waited for is no longer alive.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
