import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, afterEach, before, describe, it } from 'node:test'
import { connect, flushJournals, startRun, type RunDocument } from '#sdk/index'
import { command, startServer, until, type ServerProcess } from './program.fixture.ts'

const directory = mkdtempSync(join(tmpdir(), 'devmlops-sdk-'))
const journal = join(directory, 'journal')
let server: ServerProcess
/** The same after a restart, so that a journal finds its server again. */
let words: readonly string[] = []

before(async () => {
  writeFileSync(join(directory, 'devmlops.yaml'), 'project: sdk\n')
  server = await startServer(directory)
  words = ['--port', new URL(server.url).port, '--serving-port', '0']
})
after(async () => {
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
})
afterEach(() => assert.deepEqual(journals(), [], 'nothing is left in the journal'))

const open = (options: Parameters<typeof connect>[0] = {}) =>
  connect({ url: server.url, journal, flushTimeoutMs: 10_000, ...options })

const journals = (): string[] => {
  try {
    return readdirSync(journal)
  } catch {
    return []
  }
}

const lossesOf = async (runId: string): Promise<number> => {
  let points = 0
  for (let next: string | undefined; ;) {
    const page = await open().tracking.metricHistory({ runId, key: 'loss', ...(next && { after: next }) })
    points += page.items.length
    next = page.next
    if (next === undefined) return points
  }
}

describe('the TypeScript SDK', () => {
  it('logs metrics, params, tags and artifacts to a run, and ends it', async () => {
    const devmlops = open()
    const run = await devmlops.startRun({ experiment: 'flights', name: 'first', params: { depth: 6 } })
    run.logMetric('loss', 0.5)
    run.logMetric('loss', 0.3, { step: 1, timestamp: new Date(1_700_000_000_000) })
    run.logMetrics({ roc_auc: 0.9, strange: Number.NaN, endless: -Infinity }, { step: 7 })
    run.logParams({ columns: ['day', 'hour'], seed: 7n, left: undefined, early: true })
    run.setTags({ note: 'ready', empty: '' })
    await run.logArtifact(new TextEncoder().encode('hello'), 'notes/hello.txt')
    const folder = join(directory, 'report')
    mkdirSync(join(folder, 'plots'), { recursive: true })
    writeFileSync(join(folder, 'plots', 'roc.svg'), '<svg/>')
    await run.logArtifact(folder)
    await run.end()

    const found = await devmlops.tracking.getRun({ runId: run.id })
    assert.deepEqual(found.params, { depth: '6', columns: '["day","hour"]', seed: '7', early: 'true' })
    assert.equal(found.status, 'FINISHED')
    assert.equal(found.tags['note'], 'ready')
    assert.equal(found.tags['empty'], '')
    const latest = Object.fromEntries(found.metrics.map(({ key, value, step }) => [key, [value, step]]))
    assert.deepEqual(latest, {
      loss: [0.3, 1],
      roc_auc: [0.9, 7],
      strange: ['NaN', 7],
      endless: [-1.7976931348623157e308, 7],
    })
    const { items } = await devmlops.tracking.listArtifacts({ runId: run.id, path: 'report/plots' })
    assert.deepEqual(
      items.map(({ path, sizeBytes }) => [path, sizeBytes]),
      [['report/plots/roc.svg', 6]],
    )
  })

  it('ends a run with the function that it was started for, and fails it when the function throws', async () => {
    const devmlops = open()
    const answer = await devmlops.startRun({ name: 'good' }, (run) => {
      run.logMetric('loss', 1)
      return run.id
    })
    assert.equal((await devmlops.tracking.getRun({ runId: answer })).status, 'FINISHED')
    let runId = ''
    const broken = devmlops.startRun({ name: 'bad' }, async (run) => {
      runId = run.id
      throw new Error('no data')
    })
    await assert.rejects(broken, /no data/)
    assert.equal((await devmlops.tracking.getRun({ runId })).status, 'FAILED')
  })

  it('marks a run as failed whose block is left without an end', async () => {
    let runId = ''
    const training = async (): Promise<void> => {
      await using run = await startRun({ url: server.url, journal })
      runId = run.id
      throw new Error('out of memory')
    }
    await assert.rejects(training, /out of memory/)
    assert.equal((await open().tracking.getRun({ runId })).status, 'FAILED')
  })

  it('nests runs, and finds them again page by page', async () => {
    const devmlops = open()
    const parent = await devmlops.startRun({ experiment: "a sweep's", name: 'sweep' })
    for (let depth = 0; depth < 25; depth++) {
      const child = await parent.startRun({ params: { depth } })
      child.logMetric('score', depth)
      void child.end()
    }
    await parent.end()
    await devmlops.flush()
    const children: RunDocument[] = []
    const search = {
      experiment: "a sweep's",
      tags: { 'mlflow.parentRunId': parent.id },
      orderBy: 'metrics.score desc',
      pageSize: 10,
    }
    for await (const run of devmlops.searchRuns(search)) children.push(run)
    assert.deepEqual(
      children.map(({ params }) => Number(params['depth'])),
      Array.from({ length: 25 }, (_, index) => 24 - index),
    )
    const filter = "params.depth IN ('3', '4') OR metrics.score > 23"
    const chosen = await Array.fromAsync(devmlops.searchRuns({ ...search, filter }))
    assert.deepEqual(
      chosen.map(({ params }) => params['depth']),
      ['24', '4', '3'],
    )
    const best = await Array.fromAsync(devmlops.searchRuns({ ...search, limit: 1 }))
    assert.deepEqual(
      best.map(({ params }) => params['depth']),
      ['24'],
    )
  })

  it('says what the server refused, and sends the rest', async () => {
    const told: string[] = []
    const devmlops = open({ onError: ({ code }) => told.push(code) })
    const run = await devmlops.startRun()
    for (let step = 0; step < 1500; step++) run.logMetric('loss', step, { step })
    run.logMetric('../up', 1)
    run.logParams({ 'a\\b': 1, good: 2 })
    await assert.rejects(run.flush(), { name: 'DevmlopsError', code: 'invalid_input' })
    assert.deepEqual(told, ['invalid_input', 'invalid_input'])
    await run.end()
    assert.equal(await lossesOf(run.id), 1500)
    assert.deepEqual((await devmlops.tracking.getRun({ runId: run.id })).params, { good: '2' })
  })

  it('refuses at once what can be seen to be wrong', async () => {
    const run = await open().startRun({ params: { depth: 6 } })
    const invalid = { code: 'invalid_input' }
    assert.throws(() => run.logParam('depth', 7), { code: 'conflict' })
    assert.throws(() => run.logMetric('loss', '1' as unknown as number), invalid)
    assert.throws(() => run.logMetric('', 1), invalid)
    assert.throws(() => run.logMetric('loss', 1, { step: 0.5 }), invalid)
    await assert.rejects(run.logArtifact(new Uint8Array()), invalid)
    await assert.rejects(run.logArtifact('no/such/file'), { code: 'not_found' })
    await run.end('KILLED')
    assert.throws(() => run.logMetric('loss', 1), { code: 'conflict' })
  })

  it('resumes a run', async () => {
    const devmlops = open()
    const first = await devmlops.startRun()
    await first.end('FAILED')
    const again = await devmlops.resumeRun(first.id)
    assert.equal((await devmlops.tracking.getRun({ runId: first.id })).status, 'RUNNING')
    await again.end()
  })

  it('keeps memory bounded in a loop that never waits, and sends every point', async () => {
    const run = await open().startRun()
    run.logMetric('loss', 0, { step: 0 })
    global.gc?.()
    const before = process.memoryUsage().heapUsed
    let highest = 0
    for (let step = 1; step < 100_000; step++) {
      run.logMetric('loss', 1 / step, { step })
      if (step % 5000 === 0) highest = Math.max(highest, process.memoryUsage().heapUsed - before)
    }
    assert.ok(journals().length > 0, 'what does not fit waits on the disk')
    await run.end()
    assert.equal(await lossesOf(run.id), 100_000)
    assert.ok(highest < 100e6, `${highest} bytes more`)
  })

  it('sends what was logged while the server was killed, when it is back', async () => {
    const run = await open().startRun()
    for (let step = 0; step < 3000; step++) run.logMetric('loss', step, { step })
    await server.kill()
    for (let step = 3000; step < 6000; step++) run.logMetric('loss', step, { step })
    run.setTag('phase', 'away')
    server = await startServer(directory, words)
    await run.end()
    assert.equal(await lossesOf(run.id), 6000)
    const { status, tags } = await open().tracking.getRun({ runId: run.id })
    assert.deepEqual([status, tags['phase']], ['FINISHED', 'away'])
  })
})

describe('a process that logs over the SDK', () => {
  const start = async (way: string, options: { points?: number } = {}) => {
    const child = spawn(
      process.execPath,
      [
        '--conditions=source',
        join(import.meta.dirname, 'sdk-program.fixture.ts'),
        way,
        String(options.points ?? 5),
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, DEVMLOPS_SERVER: server.url, DEVMLOPS_JOURNAL: journal },
      },
    )
    let notes = ''
    child.stderr.on('data', (chunk: Buffer) => (notes += chunk.toString()))
    const closed = once(child, 'close') as Promise<[number | null, string | null]>
    const line = once(createInterface({ input: child.stdout }), 'line').then(([text]) => String(text))
    const text = await Promise.race([line, closed.then(() => assert.fail(notes))])
    const { runId } = JSON.parse(text) as { runId: string }
    return { child, runId, closed, notes: () => notes }
  }
  const outcomeOf = async (runId: string) => {
    const { status, metrics, params } = await open().tracking.getRun({ runId })
    return { status, points: await lossesOf(runId), latest: metrics[0]?.step, way: params['way'] }
  }

  for (const [way, code, status] of [
    ['end', 0, 'FINISHED'],
    ['nothing-left', 0, 'FINISHED'],
    ['exit', 0, 'FINISHED'],
    ['exit-3', 3, 'FAILED'],
    ['throw', 1, 'FAILED'],
  ] as const) {
    it(`sends everything when it ends by "${way}", keeps its exit code, and the run is ${status}`, async () => {
      const { runId, closed } = await start(way)
      assert.equal((await closed)[0], code)
      assert.deepEqual(await outcomeOf(runId), { status, points: 5, latest: 4, way })
    })
  }

  it('sends everything when it is terminated, dies of the signal, and the run is KILLED', async () => {
    const { child, runId, closed } = await start('signal')
    child.kill('SIGTERM')
    assert.deepEqual(await closed, [null, 'SIGTERM'])
    assert.deepEqual(await outcomeOf(runId), { status: 'KILLED', points: 5, latest: 4, way: 'signal' })
  })

  it('leaves a signal to the program that listens for it', async () => {
    const { child, runId, closed } = await start('own-listener')
    child.kill('SIGTERM')
    assert.deepEqual(await closed, [0, null])
    assert.equal((await outcomeOf(runId)).status, 'FINISHED')
  })

  it('leaves what it could not send in a journal, which the next connection sends, once', async () => {
    const { child, runId, closed, notes } = await start('signal', { points: 4321 })
    await server.kill()
    child.kill('SIGINT')
    assert.deepEqual(await closed, [null, 'SIGINT'], notes())
    const [name = ''] = journals()
    const text = readFileSync(join(journal, name), 'utf8')
    // As a death in the middle of a line leaves it.
    writeFileSync(join(journal, name), `${text}{"runId":"${runId}","metrics":[{"ke`)
    server = await startServer(directory, words)
    open()
    await until(() => (journals().length === 0 ? true : undefined), 'the journal to be sent')
    const outcome = { status: 'KILLED', points: 4321, latest: 4320, way: 'signal' }
    assert.deepEqual(await outcomeOf(runId), outcome)
    // The same once more, as after a power cut in between, changes nothing.
    writeFileSync(join(journal, name), text)
    const sent = await flushJournals({ journal })
    assert.equal(sent.refused.length, 0)
    assert.ok(sent.sent >= 5)
    assert.deepEqual(await outcomeOf(runId), outcome)
  })

  it('has its journal sent by `devmlops sdk flush`', async () => {
    const { child, runId, closed } = await start('signal', { points: 2500 })
    await server.kill()
    child.kill('SIGTERM')
    await closed
    const away = await command(directory, ['sdk', 'flush', '--journal', journal])
    assert.equal(away.code, 12)
    assert.equal(journals().length, 1)
    server = await startServer(directory, words)
    const { code, answer } = await command<{ sent: number }>(directory, [
      'sdk',
      'flush',
      '--journal',
      journal,
    ])
    assert.equal(code, 0)
    assert.ok(answer.sent >= 3)
    assert.equal((await outcomeOf(runId)).points, 2500)
  })
})
