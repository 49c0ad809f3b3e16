import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { keepAliveLoad } from './fixtures/keep-alive-load.ts'
import { flightVariant, runProcess, type RunningProcess } from './fixtures/running-process.ts'

type Weights = readonly (readonly [name: string, version: number, weight: number])[]

function planOf(running: RunningProcess, revision: number, weights: Weights) {
  const variants = weights.map(([name, version, weight]) => ({
    ...flightVariant(running.files, { name, version, weight }),
    ...(name === 'shadow' ? { role: 'shadow', share: 50 } : {}),
  }))
  return {
    revision,
    deployments: [{ name: 'flights', variants, rollout: { keepWarmMs: 60_000, preview: true } }],
  }
}

/** A canary that grows and wins, is gone back from, a shadow, a switch, and back again. */
const changes: readonly Weights[] = [
  [
    ['champion', 1, 95],
    ['canary', 2, 5],
  ],
  [
    ['champion', 1, 50],
    ['canary', 2, 50],
  ],
  [['champion', 2, 100]],
  [['champion', 1, 100]],
  [
    ['champion', 1, 100],
    ['shadow', 3, 0],
  ],
  [
    ['champion', 1, 100],
    ['green', 3, 0],
  ],
  [['champion', 3, 100]],
  [['champion', 1, 100]],
]

test('no request fails while plans change, rollouts step and versions go back, in all protocols', async (t) => {
  const running = await runProcess(t)
  await running.putPlan(planOf(running, 1, [['champion', 1, 100]]))
  const load = keepAliveLoad({ url: () => running.process.url, connections: 24 })
  for (const [index, weights] of changes.entries()) {
    await sleep(60)
    const { status, text } = await running.putPlan(planOf(running, index + 2, weights))
    assert.equal(status, 200, text)
  }
  const before = load.answered
  while (load.answered < before + 100) await sleep(5)
  const { failures, versions } = await load.stop()
  assert.deepEqual([...failures], [])
  assert.deepEqual(versions, new Set([1, 2, 3]))
})

test('a process that is told to end answers what has begun, and loses no request of a kept connection', async (t) => {
  const running = await runProcess(t)
  await running.putPlan(planOf(running, 1, [['champion', 1, 100]]))
  const load = keepAliveLoad({ url: () => running.process.url, connections: 24, stopWhenRefused: true })
  while (load.answered < 500) await sleep(5)
  const closing = running.process.close({ drainMs: 50 })
  await sleep(10)
  assert.equal((await running.send('GET', '/v2/health/ready')).status, 503)
  await closing
  const { failures } = await load.stop()
  assert.deepEqual([...failures], [])
})
