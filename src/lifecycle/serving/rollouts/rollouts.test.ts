import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import { caller, servingFixture, servingTestMigrations } from '../serving.fixture.ts'

const stepped = {
  model: 'flights@champion',
  release: {
    strategy: 'canary',
    model: 'flights@challenger',
    steps: [{ share: 5, for: '10m' }, { share: 25, for: '30m' }, { share: 50 }],
  },
}

forEachEngine('rollouts', servingTestMigrations, (open) => {
  const withServing = (
    deployments: Readonly<Record<string, unknown>>,
    use: (context: ReturnType<typeof servingFixture>) => Promise<void>,
    changed: Parameters<typeof servingFixture>[1] | object = {},
  ) => {
    return async (): Promise<void> => {
      const context = servingFixture(await open(), { deployments, ...changed })
      try {
        await context.serving.deploy('flights', caller)
        await use(context)
      } finally {
        await context.close()
      }
    }
  }

  test(
    'a canary without a judge grows with time, says so, and waits at a step without one',
    withServing({ flights: stepped }, async ({ serving, answering, pass }) => {
      await serving.startRelease('flights', {}, caller)
      assert.deepEqual(answering('flights'), [
        ['champion', 1, 95],
        ['canary', 2, 5],
      ])
      await pass(serving, 1000)
      await pass(serving, 9 * 60_000)
      assert.equal((await serving.get('flights')).rollout?.step, 1)
      await pass(serving, 2 * 60_000)
      const { rollout, reason } = await serving.get('flights')
      assert.equal(rollout?.step, 2)
      assert.match(reason, /10m are over; nothing judges it, so by time alone/)
      await pass(serving, 1000)
      for (let hour = 0; hour < 3; hour++) await pass(serving, 3_600_000)
      const waiting = await serving.get('flights')
      assert.equal(waiting.rollout?.step, 3)
      assert.equal(waiting.rollout.next, 'waits for a decision')
      assert.deepEqual(answering('flights'), [
        ['champion', 1, 50],
        ['canary', 2, 50],
      ])
    }),
  )

  test(
    'the time of a step is neither skipped by a clock that jumps nor lost with a server that dies',
    withServing({ flights: stepped }, async ({ serving, clock, pass, again, monotonic }) => {
      await serving.startRelease('flights', {}, caller)
      await pass(serving, 1000)
      clock.time += 30 * 86_400_000
      await serving.heartbeat()
      assert.equal((await serving.get('flights')).rollout?.step, 1)
      clock.time -= 60 * 86_400_000
      await pass(serving, 6 * 60_000)
      // The monotonic clock of another process starts anywhere.
      monotonic.time = 12
      const restarted = again()
      await restarted.heartbeat()
      assert.equal((await restarted.get('flights')).rollout?.step, 1)
      await pass(restarted, 3.9 * 60_000)
      assert.equal((await restarted.get('flights')).rollout?.step, 1)
      await pass(restarted, 0.2 * 60_000)
      assert.equal((await restarted.get('flights')).rollout?.step, 2)
    }),
  )

  test(
    'with a judge a step needs its time and a verdict that lets it',
    withServing(
      { flights: stepped },
      async ({ serving, pass, moves, answering }) => {
        await serving.startRelease('flights', {}, caller)
        const decide = (verdict: 'advance' | 'hold' | 'promote', reason: string) =>
          serving.rollouts.decide('flights', { verdict, reason, evidence: { requests: 4_000 } }, caller)
        const step = async (): Promise<number | undefined> => (await serving.get('flights')).rollout?.step
        await pass(serving, 1000)
        await pass(serving, 11 * 60_000)
        assert.equal(await step(), 1, 'no verdict is not a good one')
        await decide('hold', 'slower by 3 ms')
        await pass(serving, 1000)
        assert.equal(await step(), 1)
        const [running] = await serving.rollouts.running()
        assert.partialDeepStrictEqual(running, {
          deployment: 'flights',
          strategy: 'canary',
          step: 0,
          judged: true,
          verdict: { verdict: 'hold', reason: 'slower by 3 ms', evidence: { requests: 4_000 }, step: 0 },
          variants: [
            { name: 'champion', version: 1, weight: 95 },
            { name: 'canary', version: 2, weight: 5 },
          ],
        })
        await decide('advance', 'as fast')
        assert.equal(await step(), 2)
        await decide('advance', 'as fast still')
        assert.equal(await step(), 2, 'not before its time')
        await decide('promote', 'better by all that was asked')
        assert.deepEqual(answering('flights'), [['champion', 2, 100]])
        assert.deepEqual(moves, [{ alias: 'champion', version: 2, reason: 'better by all that was asked' }])
        const [ended] = await serving.rollouts.history('flights')
        assert.equal(ended?.state, 'promoted')
        const notes = await serving.rollouts.notes(ended.id)
        assert.deepEqual(
          notes.map(({ kind }) => kind),
          ['started', 'hold', 'advance', 'step', 'advance', 'promote', 'promoted'],
        )
      },
      { isJudged: async () => true },
    ),
  )

  test(
    'a rollout that is taken back leaves the champion alone, and its alias where it is',
    withServing({ flights: stepped }, async ({ serving, moves, answering }) => {
      await serving.startRelease('flights', {}, caller)
      await serving.rollouts.decide('flights', { verdict: 'roll_back', reason: 'errors' }, caller)
      assert.deepEqual(answering('flights'), [['champion', 1, 100]])
      assert.deepEqual(moves, [])
      await assert.rejects(
        serving.rollouts.decide('flights', { verdict: 'promote', reason: 'too late' }, caller),
        { code: 'conflict' },
      )
    }),
  )

  test(
    'a step that the serving process refuses is taken back, and says why',
    withServing({ flights: stepped }, async ({ serving, process, platform, pass, answering }) => {
      await serving.startRelease('flights', {}, caller)
      process.refuses = 'no space left on the disk'
      await pass(serving, 1000)
      await pass(serving, 11 * 60_000)
      process.refuses = undefined
      await serving.heartbeat()
      assert.deepEqual(answering('flights')[1], ['canary', 2, 5])
      const { rollout } = await serving.get('flights')
      assert.equal(rollout?.step, 1)
      assert.match(rollout.verdict?.reason ?? '', /no space left/)
      const refused = await platform.events.list({ types: ['deployment.refused'], limit: 10 })
      assert.match(String(refused[0]?.payload['reason']), /no space left/)
    }),
  )
})
