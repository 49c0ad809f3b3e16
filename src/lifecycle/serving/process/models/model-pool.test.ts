import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { silentLog } from '#platform/log'
import type { LoadedModel, ModelRuntime } from '../../model-runtime-point.ts'
import { variantPlanSchema } from '../../deployment/variant-plan.ts'
import type { VariantPlan } from '../../plan.ts'
import { flightSignature, memoryFiles } from '../fixtures/small-models.ts'
import { ServingMetrics } from '../metrics.ts'
import { openBatch, rowSchema } from '../rows/row-schema.ts'
import { innerTerms, unlimitedQueue } from './batch-queue.ts'
import { openKnownModels } from './known-models.ts'
import { createModelPool } from './model-pool.ts'
import type { ServedModel } from './served-model.ts'

const mebibyte = 1024 * 1024
const batch = openBatch(rowSchema(flightSignature), 1)

/** A pool over a runtime whose models say that they hold ten mebibytes, and that keeps what was loaded and released. */
async function poolOf(
  t: TestContext,
  given: {
    budget?: number
    stateDirectory?: string
    score?: LoadedModel['score']
    beforeLoad?: () => Promise<void>
  } = {},
) {
  const stateDirectory = given.stateDirectory ?? (await mkdtemp(join(tmpdir(), 'model-pool-')))
  const loads: string[] = []
  const releases: string[] = []
  const runtime: ModelRuntime = {
    name: 'test',
    close: () => Promise.resolve(),
    load: async ({ label, signature }) => {
      loads.push(label)
      await given.beforeLoad?.()
      return {
        platform: 'test',
        parallelBatches: 1,
        outputs: signature.outputs,
        isWarm: false,
        memoryBytes: () => 10 * mebibyte,
        score:
          given.score ??
          (async ({ rows }) => ({
            rows,
            outputs: signature.outputs.map(() => ({ width: 1, values: new Float64Array(rows).fill(0.5) })),
          })),
        release: async () => void releases.push(label),
      }
    },
  }
  const files = memoryFiles()
  const known = await openKnownModels(stateDirectory)
  t.after(async () => {
    await known.close()
    await rm(stateDirectory, { recursive: true, force: true })
  })
  const pool = createModelPool({ runtime, files, metrics: new ServingMetrics(), known, log: silentLog })
  pool.setBudget(given.budget)
  const variant = (version: number, more: Partial<VariantPlan> = {}): VariantPlan =>
    variantPlanSchema.parse({
      name: 'champion',
      model: 'm',
      version,
      weight: 100,
      signature: flightSignature,
      files: files.add(Buffer.alloc(mebibyte, `model ${version}`)),
      load: 'on_demand',
      ...more,
    })
  return { pool, loads, releases, variant, files, known, stateDirectory }
}

const ask = (model: ServedModel, deadlineAt?: number) =>
  model.score(batch, unlimitedQueue, { ...innerTerms(), deadlineAt })

test('releases what was not asked for longest when the budget is passed, and loads it again when it is asked', async (t) => {
  const { pool, loads, releases, variant } = await poolOf(t, { budget: 25 * mebibyte })
  const first = await pool.acquire(variant(1))
  const second = await pool.acquire(variant(2))
  await ask(first)
  const third = await pool.acquire(variant(3))
  assert.deepEqual(releases, ['m v2'], 'the first was asked since')
  assert.equal(pool.size, 2)
  assert.equal(second.isResident, false)
  assert.equal((await ask(second)).rows, 1)
  assert.deepEqual(loads, ['m v1', 'm v2', 'm v3', 'm v2'])
  assert.ok(pool.heldBytes <= 25 * mebibyte)
  third.release()
  second.release()
  first.release()
  assert.equal(pool.size, 0)
})

test('loads once for all who ask at the same time', async (t) => {
  const { pool, loads, variant } = await poolOf(t, { budget: 16 * mebibyte })
  const first = await pool.acquire(variant(1))
  await pool.acquire(variant(2))
  assert.equal(first.isResident, false)
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(first)))
  assert.equal(answers.length, 20)
  assert.equal(loads.filter((label) => label === 'm v1').length, 2)
})

test('refuses a new deployment that has no room beside those that stay, which go on answering', async (t) => {
  const { pool, releases, variant } = await poolOf(t, { budget: 16 * mebibyte })
  const pinned = await pool.acquire(variant(1, { load: 'always' }))
  await assert.rejects(pool.acquire(variant(2, { load: 'always' })), {
    code: 'conflict',
    message:
      /m v2 needs about 11MB of memory, and there is no room: 10\.5MB of 16\.8MB are taken \(m v1 10\.5MB\)/,
    hint: /memory_budget/,
  })
  assert.deepEqual(releases, [])
  assert.equal((await ask(pinned)).rows, 1)
})

test('never releases a model with a request in flight: whoever needs the room waits, and is told to come again', async (t) => {
  const held = Promise.withResolvers<void>()
  let isHeld = false
  const { pool, variant } = await poolOf(t, {
    budget: 16 * mebibyte,
    score: async ({ rows }) => {
      if (isHeld) await held.promise
      return {
        rows,
        outputs: flightSignature.outputs.map(() => ({ width: 1, values: new Float64Array(rows) })),
      }
    },
  })
  const first = await pool.acquire(variant(1))
  const second = await pool.acquire(variant(2))
  isHeld = true
  const inFlight = ask(second)
  await assert.rejects(ask(first, performance.now() + 60), {
    code: 'not_ready',
    message: /m v1 is being loaded/,
    headers: { 'retry-after': '2' },
  })
  held.resolve()
  assert.equal((await inFlight).rows, 1)
  assert.equal((await ask(first)).rows, 1, 'the load went on, and found room')
})

test('knows after a restart what it tried before, and loads it with the first request only', async (t) => {
  const { pool, variant, known, stateDirectory } = await poolOf(t)
  await pool.acquire(variant(1))
  await known.close()
  const again = await poolOf(t, { stateDirectory })
  const model = await again.pool.acquire(variant(1))
  assert.deepEqual(again.loads, [])
  assert.deepEqual(model.facts.outputs, flightSignature.outputs)
  assert.equal((await ask(model)).rows, 1)
  assert.deepEqual(again.loads, ['m v1'])
})

test('frees a model that was swapped out when its last request has ended', async (t) => {
  const held = Promise.withResolvers<void>()
  let isHeld = false
  const { pool, releases, variant } = await poolOf(t, {
    score: async ({ rows }) => {
      if (isHeld) await held.promise
      return {
        rows,
        outputs: flightSignature.outputs.map(() => ({ width: 1, values: new Float64Array(rows) })),
      }
    },
  })
  const model = await pool.acquire(variant(1))
  isHeld = true
  const inFlight = ask(model)
  model.release()
  assert.deepEqual(releases, [])
  held.resolve()
  await inFlight
  assert.deepEqual(releases, ['m v1'])
})
