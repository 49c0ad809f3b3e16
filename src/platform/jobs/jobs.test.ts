import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, test } from 'node:test'
import { systemClock, type Clock } from '../clock.ts'
import { migrate, openDatabase, type Database } from '../database/index.ts'
import { forEachEngine } from '../database/testing.ts'
import { silentLog as log } from '../log.ts'
import { createJobs, jobMigrations, type Job, type JobContext, type Jobs } from './index.ts'

const actor = 'ada'

function jobsOn(database: Database, clock: Clock = systemClock): Jobs {
  return createJobs({ database, clock, log })
}

/** Runs until it is aborted. */
async function untilAborted({ signal }: JobContext): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}

async function reaches(jobs: Jobs, id: string, state: Job['state']): Promise<Job> {
  for (;;) {
    const job = await jobs.get(id)
    if (job?.state === state) return job
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

forEachEngine('jobs', jobMigrations, (open, engine) => {
  it('asked for twice at once are one job, and asked for again after the end are another', async () => {
    const database = await open()
    const jobs = jobsOn(database)
    let runs = 0
    jobs.register({ kind: 'k', concurrency: 1, run: async () => void runs++ })
    const asked = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        jobs.enqueue({ kind: 'k', key: 'same', payload: { index }, actor }),
      ),
    )
    assert.equal(new Set(asked.map(({ id }) => id)).size, 1)
    await jobs.start()
    const finished = await jobs.wait(asked[0]?.id ?? '')
    assert.deepEqual([finished.state, finished.attempts, runs], ['succeeded', 1, 1])

    const again = await jobs.enqueue({ kind: 'k', key: 'same', payload: {}, actor })
    assert.notEqual(again.id, finished.id)
    assert.equal((await jobs.wait(again.id)).state, 'succeeded')
    await jobs.stop()
    await database.close()
  })

  it('that throw have failed, with the reason', async () => {
    const database = await open()
    const jobs = jobsOn(database)
    const run = async (): Promise<void> => Promise.reject(new Error('the table has no rows'))
    jobs.register({ kind: 'k', concurrency: 1, run })
    await jobs.start()
    const { id } = await jobs.enqueue({ kind: 'k', key: 'a', payload: {}, actor })
    const { state, error, finishedAt } = await jobs.wait(id)
    assert.deepEqual([state, error, typeof finishedAt], ['failed', 'the table has no rows', 'number'])
    await jobs.stop()
    await database.close()
  })

  it('run side by side up to the limit of their kind, the oldest first', async () => {
    const database = await open()
    let now = 0
    const jobs = jobsOn(database, { now: () => now++ })
    const order: string[] = []
    const gates = new Map<string, () => void>()
    jobs.register({
      kind: 'k',
      concurrency: 2,
      run: ({ job }) => {
        order.push(job.key)
        return new Promise((resolve) => gates.set(job.key, resolve))
      },
    })
    const ids: string[] = []
    for (const key of ['a', 'b', 'c'])
      ids.push((await jobs.enqueue({ kind: 'k', key, payload: {}, actor })).id)
    await jobs.start()
    assert.deepEqual([...order].sort(), ['a', 'b'])
    assert.equal((await jobs.get(ids[2] ?? ''))?.state, 'queued')
    gates.get('a')?.()
    await reaches(jobs, ids[2] ?? '', 'running')
    assert.deepEqual(order.at(-1), 'c')
    for (const end of gates.values()) end()
    for (const id of ids) assert.equal((await jobs.wait(id)).state, 'succeeded')
    await jobs.stop()
    await database.close()
  })

  it('can be cancelled while they wait and while they run', async () => {
    const database = await open()
    const jobs = jobsOn(database)
    jobs.register({ kind: 'k', concurrency: 1, run: untilAborted })
    await jobs.start()
    const first = await jobs.enqueue({ kind: 'k', key: 'a', payload: {}, actor })
    await reaches(jobs, first.id, 'running')
    const second = await jobs.enqueue({ kind: 'k', key: 'b', payload: {}, actor })
    const waiting = jobs.wait(second.id)
    await jobs.cancel(second.id)
    await jobs.cancel(first.id)
    assert.equal((await waiting).state, 'cancelled')
    assert.equal((await jobs.wait(first.id)).state, 'cancelled')
    await jobs.cancel(first.id)
    assert.equal(
      (await jobs.get(first.id))?.state,
      'cancelled',
      'cancelling what is finished changes nothing',
    )
    await jobs.stop()
    await database.close()
  })

  it('that are stopped with their process stay queued, and no attempt is counted', async () => {
    const database = await open()
    const first = jobsOn(database)
    first.register({ kind: 'k', concurrency: 1, run: untilAborted })
    await first.start()
    const { id } = await first.enqueue({ kind: 'k', key: 'a', payload: {}, actor })
    await reaches(first, id, 'running')
    const waiting = assert.rejects(first.wait(id), { code: 'cancelled' })
    await first.stop()
    await waiting
    const queued = await first.get(id)
    assert.deepEqual([queued?.state, queued?.attempts], ['queued', 0])

    const second = jobsOn(database)
    second.register({ kind: 'k', concurrency: 1, run: async () => undefined })
    await second.start()
    assert.equal((await second.wait(id)).state, 'succeeded')
    await second.stop()
    await database.close()
  })

  it('that end five processes are not tried a sixth time', async () => {
    const database = await open()
    let now = 0
    let id = ''
    for (let attempt = 1; attempt <= 6; attempt++) {
      // Each of these stands for a process that died in the middle: it is never stopped, and time passes.
      const jobs = jobsOn(database, { now: () => now })
      jobs.register({ kind: 'k', concurrency: 1, run: () => new Promise(() => undefined) })
      id = (await jobs.enqueue({ kind: 'k', key: 'deadly', payload: {}, actor })).id
      await jobs.start()
      if (attempt <= 5) assert.equal((await jobs.get(id))?.attempts, attempt)
      if (attempt === 5) break
      now += 60_000
    }
    now += 60_000
    const last = jobsOn(database, { now: () => now })
    last.register({ kind: 'k', concurrency: 1, run: async () => undefined })
    await last.start()
    const { state, error } = await last.wait(id)
    assert.deepEqual([state, error], ['failed', 'stopped 5 times before it finished'])
    await database.close()
  })

  it('that nobody knows cannot be waited for', async () => {
    const database = await open()
    await assert.rejects(jobsOn(database).wait('nothing'), { code: 'not_found' })
    await database.close()
  })

  it('are told apart by several processes on one PostgreSQL', { skip: engine === 'sqlite' }, async () => {
    const database = await open()
    let now = 0
    const [here, there] = [jobsOn(database, { now: () => now }), jobsOn(database, { now: () => now })]
    const ran: string[] = []
    here.register({ kind: 'k', concurrency: 1, run: untilAborted })
    there.register({ kind: 'k', concurrency: 1, run: async ({ job }) => void ran.push(job.key) })
    await here.start()
    const { id } = await here.enqueue({ kind: 'k', key: 'a', payload: {}, actor })
    await reaches(here, id, 'running')
    await there.start()
    assert.deepEqual(ran, [], 'a running job with a fresh lease is left alone')
    now += 60_000
    assert.equal((await there.wait(id)).state, 'succeeded')
    assert.deepEqual(ran, ['a'], 'after its lease another process takes it over')
    await Promise.all([here.stop(), there.stop()])
    assert.equal((await there.get(id))?.state, 'succeeded', 'the process that lost it changes nothing')
    await database.close()
  })
})

test('a job is taken up again after its process was killed with -9', async () => {
  const home = mkdtempSync(join(tmpdir(), 'devmlops-jobs-'))
  const path = join(home, 'store.db')
  const child = spawn(
    process.execPath,
    ['--conditions=source', join(import.meta.dirname, 'jobs-child.fixture.ts'), path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [id] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  child.kill('SIGKILL')
  await once(child, 'exit')

  const database = await openDatabase({ path })
  await migrate(database, jobMigrations, 0)
  const jobs = jobsOn(database)
  jobs.register({ kind: 'k', concurrency: 1, run: async () => undefined })
  assert.equal((await jobs.get(id))?.state, 'running')
  await jobs.start()
  const { state, attempts, payload } = await jobs.wait(id)
  assert.deepEqual([state, attempts, payload], ['succeeded', 2, { rows: 3 }])
  await jobs.stop()
  await database.close()
  rmSync(home, { recursive: true })
})
