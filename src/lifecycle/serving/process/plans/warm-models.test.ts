import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flightRow, flightVariant, runProcess, type RunningProcess } from '../fixtures/running-process.ts'

async function modelsLoaded(running: RunningProcess): Promise<number> {
  const { text } = await running.send('GET', '/metrics')
  return Number(/^devmlops_models_loaded (\d+)$/m.exec(text)?.[1])
}

test('what was swapped out stays loaded, so that going back needs no file, and is let go of in time', async (t) => {
  const running = await runProcess(t)
  const plan = (revision: number, version: number, keepWarmMs: number) => ({
    revision,
    deployments: [
      { name: 'flights', variants: [flightVariant(running.files, { version })], rollout: { keepWarmMs } },
    ],
  })
  await running.putPlan(plan(1, 1, 60_000))
  await running.putPlan(plan(2, 2, 60_000))
  assert.equal(await modelsLoaded(running), 2)
  const back = plan(3, 1, 1)
  running.files.damage(back.deployments[0]!.variants[0]!.files[0]!.digest)
  const reply = await running.putPlan(back)
  assert.equal(reply.status, 200, reply.text)
  const { json } = await running.send('POST', '/deployments/flights/predict', { rows: [flightRow] })
  assert.equal((json as { predictions: { version: number }[] }).predictions[0]?.version, 1)
  await running.putPlan(plan(4, 3, 1))
  while ((await modelsLoaded(running)) > 2) await new Promise((resolve) => setTimeout(resolve, 5))
})
