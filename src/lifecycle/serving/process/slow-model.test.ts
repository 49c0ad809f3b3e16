import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#platform/clock'
import { silentLog } from '#platform/log'
import type { LoadedModel, ModelRuntime } from '../model-runtime-point.ts'
import { controlToken, flightRow, flightVariant } from './fixtures/running-process.ts'
import { memoryFiles } from './fixtures/small-models.ts'
import { startServingProcess } from './serving-process.ts'

function loaded(outputs: LoadedModel['outputs']): LoadedModel {
  return {
    platform: 'test',
    parallelBatches: 1,
    outputs,
    isWarm: true,
    score: async ({ rows }) => ({
      rows,
      outputs: outputs.map(() => ({ width: 1, values: new Float64Array(rows) })),
    }),
    release: () => Promise.resolve(),
  }
}

/** A process that restores two deployments, of which `slow` waits for `load` to be let go. */
async function restarted(t: TestContext, held: Promise<void>) {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'slow-model-'))
  const files = memoryFiles()
  const deployments = ['quick', 'slow'].map((name, index) => ({
    name,
    variants: [flightVariant(files, { version: index + 1 })],
  }))
  await writeFile(join(stateDirectory, 'plan.json'), JSON.stringify({ revision: 7, deployments }))
  const loads: string[] = []
  const runtime: ModelRuntime = {
    name: 'test',
    load: async ({ label, signature: { outputs } }) => {
      loads.push(label)
      if (label === 'flights v2') await held
      return loaded(outputs)
    },
    close: () => Promise.resolve(),
  }
  const serving = await startServingProcess({
    host: '127.0.0.1',
    port: 0,
    stateDirectory,
    files,
    runtime,
    controlToken,
    clock: systemClock,
    log: silentLog,
    restorePatienceMs: 150,
  })
  t.after(async () => {
    await serving.close({ timeoutMs: 1000 })
    await rm(stateDirectory, { recursive: true, force: true })
  })
  const ask = async (name: string) => {
    const response = await fetch(`${serving.url}/deployments/${name}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows: [flightRow] }),
    })
    return { status: response.status, text: await response.text() }
  }
  return { serving, ask, loads }
}

test('a restarted process answers with what is loaded, and with a slow model once it is', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { serving, ask, loads } = await restarted(t, promise)
  assert.equal((await ask('quick')).status, 200)
  const waiting = await ask('slow')
  assert.equal(waiting.status, 503)
  assert.match(waiting.text, /flights v2 is still being loaded/)
  assert.equal((await fetch(`${serving.url}/v2/health/ready`)).status, 503)
  resolve()
  let answer = await ask('slow')
  while (answer.status === 503) {
    await sleep(50)
    answer = await ask('slow')
  }
  assert.equal(answer.status, 200)
  assert.equal((await ask('quick')).status, 200)
  assert.equal((await fetch(`${serving.url}/v2/health/ready`)).status, 200)
  assert.equal(loads.filter((label) => label === 'flights v2').length, 1, 'it was loaded once')
})

test('a model that fails is tried again until it loads', async (t) => {
  let tries = 0
  const failing = {
    // oxlint-disable-next-line unicorn/no-thenable -- waiting for it fails the first time and works the second
    then: (done: () => void, failed: (error: Error) => void) =>
      tries++ === 0 ? failed(new Error('the disk was away')) : done(),
  } as Promise<void>
  const { ask } = await restarted(t, failing)
  assert.match((await ask('slow')).text, /the disk was away/)
  while ((await ask('slow')).status !== 200) await sleep(50)
  assert.equal(tries, 2)
})
