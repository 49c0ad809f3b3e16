import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { rename, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createJobs } from '#platform/jobs/index'
import { silentLog } from '#platform/log'
import { openWorkshop, type Workshop } from '../service.fixture.ts'
import { createDataStore } from '../store.ts'
import { createWatcher } from './watch-sources.ts'

/** A workshop whose clock stands still, with jobs that run when they are queued. */
async function openWatched(data: string) {
  const clock = { ms: 1_700_000_000_000 }
  const workshop = await openWorkshop(data, { now: () => clock.ms })
  const { platform, project, service } = workshop
  const jobs = createJobs({ database: platform.database, clock: platform.clock, log: silentLog })
  const store = createDataStore(platform.database)
  const watcher = createWatcher({ platform: { ...platform, jobs }, project, service, store })
  jobs.register(watcher.jobKind)
  await jobs.start()
  const round = async (passMs: number): Promise<void> => {
    clock.ms += passMs
    await watcher.lookDue()
    for (const job of await jobs.list({ limit: 100 })) await jobs.wait(job.id)
  }
  return {
    workshop,
    store,
    round,
    jobs: () => jobs.list({ limit: 100 }),
    write: async (name: string, rows: readonly string[], agoMs: number) => {
      const path = await workshop.write(`other/${name}`, rows)
      const time = new Date(clock.ms - agoMs)
      await utimes(path, time, time)
      await workshop.write('incoming/.keep', '')
      await rename(path, join(workshop.directory, 'incoming', name))
    },
    [Symbol.asyncDispose]: async () => {
      await jobs.stop()
      await workshop[Symbol.asyncDispose]()
    },
  }
}

async function latest({ service }: Workshop) {
  const [summary] = await service.list()
  return summary?.latest === null ? undefined : [summary?.latest?.version, summary?.latest?.rows]
}

test('takes files that have settled, one version a round, and tells of each arrival', async () => {
  await using watched = await openWatched(
    'd:\n  source: { files: "incoming/*.csv", watch: { every: 10s, settle: 5s } }',
  )
  const { workshop, round, write } = watched
  await round(0)
  assert.equal(await latest(workshop), undefined)
  await write('1.csv', ['a', '1'], 60_000)
  await write('2.csv', ['a', '2'], 60_000)
  await write('3.csv', ['a', '3'], -8000)
  await round(9000)
  assert.equal(await latest(workshop), undefined, 'it is not time yet')
  await round(1000)
  assert.deepEqual(await latest(workshop), [1, 2])
  await round(10_000)
  assert.deepEqual(await latest(workshop), [2, 3], 'the last one has settled')
  await round(10_000)
  await round(10_000)
  assert.deepEqual((await watched.jobs()).length, 2, 'nothing new is no work')
  const arrived = (await workshop.events()).filter(({ type }) => type === 'data.arrived')
  assert.deepEqual(
    arrived.map(({ subject, actor }) => `${subject} ${actor}`),
    ['dataset/d@1 watch', 'dataset/d@2 watch'],
  )
})

test('a source that fails is noted, and asked again', async () => {
  const server = createServer((request, response) => {
    if (!up) return void response.writeHead(500).end()
    return void response.writeHead(200, { etag: '"1"' }).end(request.method === 'HEAD' ? '' : 'a\n1\n')
  })
  let up = false
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    await using watched = await openWatched(
      `d:\n  source: { url: "http://127.0.0.1:${port}/d.csv", watch: { every: 1m } }`,
    )
    await watched.round(0)
    assert.match((await watched.store.watch('d'))?.problem ?? '', /answered with HTTP 500/)
    up = true
    await watched.round(60_000)
    assert.deepEqual(await latest(watched.workshop), [1, 1])
    assert.equal((await watched.store.watch('d'))?.problem, null)
    await watched.round(60_000)
    assert.equal((await watched.jobs()).length, 2)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('a link that leads out of the project is not taken', async () => {
  await using watched = await openWatched(
    'd:\n  source: { files: "incoming/*.csv", watch: { every: 10s, settle: 0s } }',
  )
  const { symlink, writeFile, mkdir } = await import('node:fs/promises')
  const outside = `${watched.workshop.directory}-outside.csv`
  await writeFile(outside, 'a\n1\n')
  await mkdir(join(watched.workshop.directory, 'incoming'), { recursive: true })
  await symlink(outside, join(watched.workshop.directory, 'incoming/link.csv'))
  await watched.round(10_000)
  assert.equal(await latest(watched.workshop), undefined)
  assert.match((await watched.store.watch('d'))?.problem ?? '', /leads out of the project/)
  await (await import('node:fs/promises')).rm(outside)
})
