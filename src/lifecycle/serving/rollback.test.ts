import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import { caller, servingFixture, servingTestMigrations } from './serving.fixture.ts'

const flights = { flights: { model: 'flights@champion', canary: { model: 'flights@challenger', share: 20 } } }

forEachEngine('going back', servingTestMigrations, (open) => {
  const withServing = (use: (context: ReturnType<typeof servingFixture>) => Promise<void>) => {
    return async (): Promise<void> => {
      const context = servingFixture(await open(), { deployments: flights })
      try {
        await context.serving.deploy('flights', caller)
        await use(context)
      } finally {
        await context.close()
      }
    }
  }
  const champion = (version: number, settings: object = {}) => ({ variants: [{ version }], ...settings })

  test(
    'restores variants and settings of the last good revision, moves the alias, and goes further each time',
    withServing(async ({ serving, declare, aliases, moves, applied }) => {
      const toVersion = async (version: number): Promise<void> => {
        aliases.set('flights@champion', version)
        await serving.deploy('flights', caller)
      }
      await toVersion(2)
      declare({ flights: { ...flights.flights, sticky: 'none' } })
      await serving.deploy('flights', caller)
      await toVersion(3)
      assert.partialDeepStrictEqual(
        await serving.rollback('flights', { reason: 'slow' }, caller),
        champion(2),
      )
      assert.equal(applied.at(-1)?.deployments[0]?.sticky?.by, 'none')
      assert.deepEqual(moves, [{ alias: 'champion', version: 2, reason: 'slow', isBack: true }])
      await serving.rollback('flights', {}, caller)
      assert.equal(applied.at(-1)?.deployments[0]?.sticky?.by, 'key')
      assert.partialDeepStrictEqual(await serving.rollback('flights', {}, caller), champion(1))
      await assert.rejects(serving.rollback('flights', {}, caller), { code: 'conflict' })
      const revisions = await serving.revisions('flights')
      assert.partialDeepStrictEqual(await serving.rollback('flights', { to: 4 }, caller), champion(3))
      assert.match(revisions[0]?.reason ?? '', /back to revision 1/)
    }),
  )

  test(
    'during a rollout leaves the champion alone, and the rollout is over',
    withServing(async ({ serving, answering, moves }) => {
      await serving.startRelease('flights', {}, caller)
      const { rollout } = await serving.rollback('flights', {}, caller)
      assert.equal(rollout, undefined)
      assert.deepEqual(answering('flights'), [['champion', 1, 100]])
      assert.deepEqual(moves, [])
      const [ended] = await serving.rollouts.history('flights')
      assert.equal(ended?.state, 'rolled_back')
      await assert.rejects(serving.rollback('flights', { to: 2 }, caller), /a rollout was under way then/)
    }),
  )

  test(
    'never goes to what the serving process refused',
    withServing(async ({ serving, aliases, process }) => {
      aliases.set('flights@champion', 2)
      process.refuses = 'the model is corrupt'
      await assert.rejects(serving.deploy('flights', caller), /corrupt/)
      process.refuses = undefined
      aliases.set('flights@champion', 3)
      await serving.deploy('flights', caller)
      assert.partialDeepStrictEqual(await serving.rollback('flights', {}, caller), champion(1))
    }),
  )

  test(
    'of two who deploy at once, both are written in turn and the last one holds',
    withServing(async ({ serving, again, aliases, applied }) => {
      aliases.set('flights@champion', 2)
      const other = again()
      const outcomes = await Promise.allSettled([
        serving.deploy('flights', caller, 'first'),
        other.rollback('flights', { to: 1 }, caller),
        serving.startCanary('flights', { version: 3, share: 10 }, caller),
      ])
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          assert.equal(outcome.reason.code, 'conflict', String(outcome.reason))
      }
      await serving.reconcile()
      const [newest] = await serving.revisions('flights')
      assert.equal(applied.at(-1)?.revision, newest?.revision)
      assert.deepEqual(
        applied.at(-1)?.deployments[0]?.variants.map(({ name, version, weight }) => [name, version, weight]),
        newest?.variants.map(({ name, version, weight }) => [name, version, weight]),
      )
    }),
  )

  test(
    'a server that dies between writing and doing leaves what is written, and the next one does it',
    withServing(async ({ serving, aliases, platform, again, answering }) => {
      aliases.set('flights@champion', 2)
      const { createServingStore } = await import('./store.ts')
      const store = createServingStore(platform.database)
      const { revision, live_at: _, ...before } = (await store.current('flights')) ?? assert.fail()
      const variants = JSON.stringify([{ name: 'champion', model: 'flights', version: 2, weight: 100 }])
      await store.append({ revision: { ...before, variants }, after: revision })
      assert.deepEqual(answering('flights'), [['champion', 1, 100]])
      await again().heartbeat()
      assert.deepEqual(answering('flights'), [['champion', 2, 100]])
      const [newest] = await serving.revisions('flights')
      assert.equal(newest?.answered, true)
    }),
  )
})
