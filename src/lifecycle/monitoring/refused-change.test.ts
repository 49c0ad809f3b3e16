import assert from 'node:assert/strict'
import { it } from 'node:test'
import { servingMigrations } from '#lifecycle/serving/index'
import { forEachEngine } from '#platform/database/testing'
import { platformMigrations } from '#platform/platform.fixture'
import { deployment, monitoredOn } from './monitoring.fixture.ts'
import { monitoringMigrations } from './tables.ts'

const migrations = [...platformMigrations, ...servingMigrations, ...monitoringMigrations]

forEachEngine('changes that are refused', migrations, (open) => {
  it('raise one alert that says why, resolved by the next change that is done, apart from alerts of rollouts', () =>
    monitoredOn(open)(async ({ service, clock }) => {
      const alerts = () => service.alerts({ limit: 10, kind: 'release' })
      const refusal = { time: clock.time, reason: 'no space left on the disk', tried: 'deployed' }
      await service.noteRefusal(deployment, refusal)
      clock.time += 60_000
      await service.noteRefusal(deployment, { ...refusal, time: clock.time })
      await service.check(deployment)
      const [alert, ...more] = await alerts()
      assert.deepEqual([alert?.state, more.length], ['firing', 0])
      assert.match(alert?.reason ?? '', /no space left on the disk \(deployed\); what answered goes on/)
      clock.time += 60_000
      await service.noteRefusal(deployment, undefined)
      assert.deepEqual(
        (await alerts()).map(({ state }) => state),
        ['resolved'],
      )
    }))
})
