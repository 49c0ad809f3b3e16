import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import { deploymentSchema } from './contract.ts'
import { endpointsOf, environmentMistakes } from './deployment/environments.ts'
import { caller, servingFixture, servingTestMigrations } from './serving.fixture.ts'

const declared = {
  flights: {
    model: 'flights@champion',
    sticky: 'none',
    environments: {
      staging: { sticky: 'key', release: { strategy: 'canary', steps: [{ share: 50 }] } },
      production: {
        promote_from: 'staging',
        release: { strategy: 'canary', steps: [{ share: 10, for: '1h' }] },
      },
    },
  },
}

test('the last environment has the name of the deployment, and each says only what is different', () => {
  const endpoints = endpointsOf({ flights: deploymentSchema.parse(declared.flights) })
  assert.deepEqual(Object.keys(endpoints), ['flights.staging', 'flights'])
  assert.partialDeepStrictEqual(endpoints, {
    'flights.staging': {
      environment: 'staging',
      promoteFrom: undefined,
      settings: { sticky: 'key' },
    },
    flights: { environment: 'production', promoteFrom: 'flights.staging', settings: { sticky: 'none' } },
  })
})

test('an environment takes its version from one before it, and no two endpoints have one name', () => {
  const mistakes = environmentMistakes({
    a: { environments: { first: { promote_from: 'second' }, second: {} } },
    'a.first': {},
  })
  assert.deepEqual(
    mistakes.map(({ message }) => message),
    [
      'no environment before "first" is called "second"',
      'its endpoint would be called "a.first", as another deployment is',
    ],
  )
})

forEachEngine('environments', servingTestMigrations, (open) => {
  const withServing = (use: (context: ReturnType<typeof servingFixture>) => Promise<void>) => {
    return async (): Promise<void> => {
      const context = servingFixture(await open(), { deployments: declared })
      try {
        await use(context)
      } finally {
        await context.close()
      }
    }
  }

  test(
    'production takes exactly what runs in staging, by a release of its own, and no alias moves',
    withServing(async ({ serving, answering, moves, aliases }) => {
      await assert.rejects(serving.deploy('flights', caller), /Nothing was promoted to production/)
      await assert.rejects(
        serving.promote('flights', { to: 'production' }, caller),
        /Nothing runs in "flights.staging"/,
      )
      await serving.deploy(await serving.endpointName('flights', 'staging'), caller)
      await serving.promote('flights', { to: 'production', reason: 'first' }, caller)
      assert.deepEqual(answering('flights'), [['champion', 1, 100]])
      aliases.set('flights@champion', 4)
      await serving.followAlias({ model: 'flights', alias: 'champion', reason: 'better' }, caller)
      assert.deepEqual(answering('flights.staging'), [['champion', 4, 100]])
      assert.deepEqual(answering('flights'), [['champion', 1, 100]], 'production waits to be promoted to')
      await serving.promote('flights', { to: 'production' }, caller)
      assert.deepEqual(answering('flights'), [
        ['champion', 1, 90],
        ['canary', 4, 10],
      ])
      await serving.rollouts.decide('flights', { verdict: 'promote', reason: 'fine' }, caller)
      const { variants, reason } = await serving.get('flights')
      assert.partialDeepStrictEqual(variants, [{ name: 'champion', version: 4, weight: 100 }])
      assert.equal(reason, 'fine')
      assert.deepEqual(moves, [])
      await serving.rollback('flights', {}, caller)
      assert.deepEqual(answering('flights'), [['champion', 1, 100]])
      assert.deepEqual(moves, [])
    }),
  )

  test(
    'what is not finished in staging, or was judged badly, is refused with the reason unless overruled with one',
    withServing(async ({ serving, answering }) => {
      await serving.deploy('flights.staging', caller)
      await serving.startRelease('flights.staging', {}, caller)
      const promote = (more: object = {}) => serving.promote('flights', { to: 'production', ...more }, caller)
      await assert.rejects(promote(), /rollout of version 2 in "flights.staging" is not finished/)
      await serving.rollouts.decide('flights.staging', { verdict: 'hold', reason: 'slower' }, caller)
      await serving.stop('flights.staging', caller)
      await serving.deploy('flights.staging', caller)
      await assert.rejects(promote(), /last verdict in "flights.staging" was hold: slower/)
      await assert.rejects(promote({ force: true }), /needs a reason/)
      await promote({ force: true, reason: 'known cause' })
      assert.deepEqual(answering('flights'), [['champion', 1, 100]])
    }),
  )

  test(
    'a plan says what would change, by version and digest, and that it would not be done',
    withServing(async ({ serving, declare, aliases, applied }) => {
      const actions = async () => (await serving.preview()).map(({ name, action }) => [name, action])
      assert.deepEqual(await actions(), [
        ['flights.staging', 'add'],
        ['flights', 'none'],
      ])
      await serving.deployAll({}, caller)
      aliases.set('flights@champion', 3)
      const before = applied.length
      const [staging] = await serving.preview(['flights.staging'])
      assert.equal(staging?.action, 'change')
      assert.match(staging.changes[0]?.from ?? '', /^flights v1 100 % sha256:[0-9a-f]{12}$/)
      assert.match(staging.changes[0]?.to ?? '', /^flights v3 100 %/)
      assert.equal(applied.length, before)
      declare({ other: { model: 'none@champion' } })
      assert.deepEqual(await actions(), [
        ['other', 'blocked'],
        ['flights.staging', 'remove'],
      ])
      await serving.deployAll({}, caller)
      assert.equal((await serving.get('flights.staging')).state, 'active')
      await serving.deployAll({ prune: true }, caller)
      assert.equal((await serving.get('flights.staging')).state, 'stopped')
    }),
  )
})
