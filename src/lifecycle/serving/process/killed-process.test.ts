import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readPredictions } from '../prediction-log/read-predictions.ts'
import { predictionDirectory } from '../prediction-log/segments.ts'
import { controlToken, flightRow, flightVariant } from './fixtures/running-process.ts'
import { memoryFiles } from './fixtures/small-models.ts'

async function startChild(
  t: TestContext,
  stateDirectory: string,
): Promise<{ child: ChildProcess; url: string }> {
  const script = join(import.meta.dirname, 'fixtures', 'serving-child.ts')
  const child = spawn(process.execPath, ['--conditions=source', script, stateDirectory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [data] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, url: data.toString().split(' ')[0] ?? '' }
}

test('after kill -9 under load every prediction that was answered is in the log, and the process comes back', async (t) => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'serving-killed-'))
  t.after(() => rm(stateDirectory, { recursive: true, force: true }))
  const first = await startChild(t, stateDirectory)
  const accepted = await fetch(`${first.url}/control/plan`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${controlToken}` },
    body: JSON.stringify({
      revision: 1,
      // Small segments, so that the process also dies around a rotation.
      deployments: [
        {
          name: 'flights',
          variants: [flightVariant(memoryFiles(), { version: 1 })],
          log: { segmentBytes: 20_000 },
        },
      ],
    }),
  })
  assert.equal(accepted.status, 200, await accepted.text())

  const answered: string[] = []
  const dead = new AbortController()
  const client = async (number: number): Promise<void> => {
    for (let count = 0; !dead.signal.aborted; count++) {
      const id = `${number}-${count}`
      try {
        const response = await fetch(`${first.url}/deployments/flights/predict`, {
          method: 'POST',
          body: JSON.stringify({ rows: [flightRow], ids: [id] }),
        })
        await response.json()
        if (response.status === 200) answered.push(id)
      } catch {
        return
      }
    }
  }
  const clients = Array.from({ length: 16 }, (_, number) => client(number))
  while (answered.length < 400) await new Promise((resolve) => setTimeout(resolve, 1))
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  dead.abort()
  await Promise.all(clients)

  const second = await startChild(t, stateDirectory)
  assert.equal((await fetch(`${second.url}/v2/health/ready`)).status, 200)
  const again = await fetch(`${second.url}/deployments/flights/predict`, {
    method: 'POST',
    body: JSON.stringify({ rows: [flightRow], ids: ['again'] }),
  })
  assert.equal(again.status, 200)
  const directory = predictionDirectory(stateDirectory, 'flights')
  const { records, unreadable } = await readPredictions({ directory, limit: 1_000_000 })
  const logged = new Set(records.map((record) => record.id))
  assert.deepEqual(
    answered.filter((id) => !logged.has(id)),
    [],
  )
  assert.ok(logged.has('again'))
  assert.equal(unreadable, 0)
})
