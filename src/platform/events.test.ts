import assert from 'node:assert/strict'
import { it } from 'node:test'
import { systemClock } from './clock.ts'
import { createEvents, eventMigrations } from './events.ts'
import { silentLog } from './log.ts'
import { forEachEngine } from './database/testing.ts'

forEachEngine('events', eventMigrations, (open) => {
  it('reach a subscriber that subscribes after they were emitted, in order and once', async () => {
    const database = await open()
    const first = createEvents({ database, clock: systemClock, log: silentLog })
    await first.emit({ type: 'data.arrived', subject: 'dataset/a@1', actor: 'ada' })
    await first.emit({ type: 'other.happened', subject: 'x', actor: 'ada' })
    await first.emit({ type: 'data.arrived', subject: 'dataset/a@2', actor: 'ada', payload: { rows: 3 } })
    const second = createEvents({ database, clock: systemClock, log: silentLog })
    const seen: string[] = []
    second.subscribe({
      name: 'test',
      types: ['data.arrived'],
      handle: async ({ subject }) => void seen.push(subject),
    })
    await second.deliver()
    await second.deliver()
    assert.deepEqual(seen, ['dataset/a@1', 'dataset/a@2'])
    await database.close()
  })

  it('are tried again for a subscriber that failed, and do not hold up the others', async () => {
    const database = await open()
    const events = createEvents({ database, clock: systemClock, log: silentLog })
    let failures = 1
    const seen: string[] = []
    events.subscribe({
      name: 'flaky',
      types: ['a.b'],
      handle: async ({ subject }) => {
        if (failures-- > 0) throw new Error('not now')
        seen.push(`flaky ${subject}`)
      },
    })
    events.subscribe({
      name: 'steady',
      types: ['a.b'],
      handle: async ({ subject }) => void seen.push(`steady ${subject}`),
    })
    await events.emit({ type: 'a.b', subject: 's', actor: 'ada' })
    await events.deliver()
    await events.deliver()
    assert.deepEqual(seen, ['steady s', 'flaky s'])
    await database.close()
  })

  it('emitted by many at once all reach a subscriber that reads while they come', async () => {
    const database = await open()
    const events = createEvents({ database, clock: systemClock, log: silentLog })
    const seen: number[] = []
    events.subscribe({
      name: 'test',
      types: ['a.b'],
      handle: async ({ sequence }) => void seen.push(sequence),
    })
    const emitted = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        events.emit({ type: 'a.b', subject: `s${index}`, actor: 'ada' }),
      ),
    )
    await events.deliver()
    assert.deepEqual(
      seen,
      emitted.map(({ sequence }) => sequence).sort((a, b) => a - b),
    )
    await database.close()
  })

  it('are listed by subject and type, and watched as they come', async () => {
    const database = await open()
    const events = createEvents({ database, clock: { now: () => 7 }, log: silentLog })
    const watched: string[] = []
    const stop = events.watch(({ subject }) => watched.push(subject))
    await events.emit({ type: 'a.b', subject: 'x', actor: 'ada', payload: { rows: 1 } })
    await events.emit({ type: 'c.d', subject: 'y', actor: 'bob' })
    stop()
    const last = await events.emit({ type: 'a.b', subject: 'y', actor: 'ada' })
    assert.deepEqual(watched, ['x', 'y'])
    const subjects = async (filter: object): Promise<string[]> =>
      (await events.list({ limit: 10, ...filter })).map(({ type, subject }) => `${type} ${subject}`)
    assert.deepEqual(await subjects({ subject: 'y' }), ['c.d y', 'a.b y'])
    assert.deepEqual(await subjects({ types: ['a.b'] }), ['a.b x', 'a.b y'])
    assert.deepEqual(await subjects({ newestFirst: true, after: last.sequence }), ['c.d y', 'a.b x'])
    await database.close()
  })
})
