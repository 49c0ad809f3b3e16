import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { ServingHost } from '#lifecycle/serving/index'
import { silentLog } from '#platform/log'
import { localServingHost } from './local-process.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
const entry = join(import.meta.dirname, '..', '..', 'serving.ts')

async function hosts(t: TestContext) {
  const home = await mkdtemp(join(tmpdir(), 'serving-host-'))
  const directory = join(home, 'serving')
  const common = { directory, entry, host: '127.0.0.1', port: 0, home, log: silentLog }
  const made: ServingHost[] = []
  t.after(async () => {
    // All at once: one that is still wanted would start the process again.
    await Promise.all(made.map((host) => host.stop()))
    await rm(home, { recursive: true, force: true, maxRetries: 5 })
  })
  const make = (given: { version: string }): ServingHost => {
    const host = localServingHost({ ...common, ...given })
    made.push(host)
    return host
  }
  const pid = async (): Promise<number> =>
    (JSON.parse(await readFile(join(directory, 'listening.json'), 'utf8')) as { pid: number }).pid
  return { make, pid }
}

test('takes over the process of another server, and replaces one of another program', async (t) => {
  const { make, pid } = await hosts(t)
  const first = make({ version })
  await first.start()
  await first.apply({ revision: 1, deployments: [] })
  const [began, url] = [await pid(), first.url()]
  const second = make({ version })
  await second.start()
  assert.equal(await pid(), began)
  const newer = make({ version: 'another' })
  await newer.start()
  assert.notEqual(await pid(), began)
  assert.equal(newer.url(), url)
  const status = await newer.status()
  assert.deepEqual([status?.revision, status?.ready], [1, true])
})

test('brings back a process that another server started when it is killed', async (t) => {
  const { make, pid } = await hosts(t)
  const first = make({ version })
  await first.start()
  const second = make({ version })
  await second.start()
  const began = await pid()
  // As if the first server were gone: it no longer wants the process, and nobody told that.
  process.kill(began, 'SIGKILL')
  while ((await pid()) === began || (await second.status()) === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.notEqual(await pid(), began)
})
