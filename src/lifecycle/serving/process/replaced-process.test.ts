import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { on, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { readPredictions } from '../prediction-log/read-predictions.ts'
import { predictionDirectory } from '../prediction-log/segments.ts'
import { keepAliveLoad, type LoadOutcome } from './fixtures/keep-alive-load.ts'
import { controlToken, flightVariant } from './fixtures/running-process.ts'
import { memoryFiles } from './fixtures/small-models.ts'

const authorization = `Bearer ${controlToken}`

interface Started {
  readonly child: ChildProcess
  /** URL and process id of each process that says that it answers. */
  readonly said: AsyncIterator<string[]>
}

function start(t: TestContext, stateDirectory: string, port = '0'): Started {
  const script = join(import.meta.dirname, 'fixtures', 'serving-child.ts')
  const child = spawn(process.execPath, ['--conditions=source', script, stateDirectory, port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  return { child, said: on(createInterface({ input: child.stdout }), 'line') }
}

async function nextSaid({ said }: Started, t: TestContext): Promise<{ url: string; pid: number }> {
  const { value } = (await said.next()) as { value: [string] }
  const [url = '', pid = ''] = value[0].split(' ')
  t.after(() => {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It is gone.
    }
  })
  return { url, pid: Number(pid) }
}

async function deploy(url: string): Promise<void> {
  const body = JSON.stringify({
    revision: 1,
    deployments: [{ name: 'flights', variants: [flightVariant(memoryFiles(), { version: 1 })] }],
  })
  const reply = await fetch(`${url}/control/plan`, { method: 'PUT', headers: { authorization }, body })
  assert.equal(reply.status, 200, await reply.text())
}

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'serving-replaced-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

async function assertAllLogged(stateDirectory: string, { ids }: LoadOutcome): Promise<void> {
  const directory = predictionDirectory(stateDirectory, 'flights')
  const { records } = await readPredictions({ directory, limit: 1_000_000 })
  const logged = new Set(records.map(({ id }) => id))
  assert.deepEqual(
    ids.filter((id) => !logged.has(id)),
    [],
  )
}

test('a process that another takes the place of loses no request, and every answer is in the log', async (t) => {
  const stateDirectory = await folder(t)
  const first = start(t, stateDirectory)
  const { url, pid } = await nextSaid(first, t)
  await deploy(url)
  const load = keepAliveLoad({ url: () => url, connections: 24 })
  while (load.answered < 200) await new Promise((resolve) => setTimeout(resolve, 5))
  for (let round = 0; round < 2; round++) {
    const reply = await fetch(`${url}/control/replace`, { method: 'POST', headers: { authorization } })
    assert.equal(reply.status, 202, await reply.text())
    const next = await nextSaid(first, t)
    assert.equal(next.url, url)
    assert.notEqual(next.pid, pid)
    const before = load.answered
    while (load.answered < before + 200) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const outcome = await load.stop()
  assert.deepEqual([...outcome.failures], [])
  await assertAllLogged(stateDirectory, outcome)
})

test('after kill -9 under load, clients that ask once more see no error, and every answer is in the log', async (t) => {
  const stateDirectory = await folder(t)
  const first = start(t, stateDirectory)
  const { url } = await nextSaid(first, t)
  await deploy(url)
  // As a client's usual second try: after a few seconds.
  const load = keepAliveLoad({ url: () => url, connections: 16, retryAfterMs: 3_000 })
  while (load.answered < 200) await new Promise((resolve) => setTimeout(resolve, 5))
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  await nextSaid(start(t, stateDirectory, new URL(url).port), t)
  const before = load.answered
  while (load.answered < before + 100) await new Promise((resolve) => setTimeout(resolve, 5))
  const outcome = await load.stop()
  assert.deepEqual([...outcome.failures], [])
  assert.ok(outcome.retried > 0)
  await assertAllLogged(stateDirectory, outcome)
})
