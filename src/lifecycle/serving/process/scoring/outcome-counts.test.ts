import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { DevmlopsError } from '#contract/errors'
import { silentLog } from '#platform/log'
import { outcomesPath, readOutcomes } from '../../prediction-log/outcomes.ts'
import { keepOutcomes, OutcomeCount, OutcomeCounts } from './outcome-counts.ts'

const root = await mkdtemp(join(tmpdir(), 'outcomes-'))
after(() => rm(root, { recursive: true, force: true }))

const clock = { time: 1000, now: () => clock.time }
const canary = { deployment: 'flights', variant: 'canary', model: 'flights', version: 2 }

async function started(name: string, everyMs = 5) {
  const stateDirectory = join(root, name)
  const counts = new OutcomeCounts(clock)
  const keeper = await keepOutcomes({ counts, stateDirectory, clock, log: silentLog, everyMs })
  return { counts, keeper, read: () => readOutcomes(stateDirectory), stateDirectory }
}

test('counts what failed through the model, and not what the caller did wrong', () => {
  const count = new OutcomeCount()
  count.countFailure(new DevmlopsError('invalid_input', 'no such column'))
  count.countFailure(new DevmlopsError('cancelled', 'the client went away'))
  assert.equal(count.failed, 0)
  count.countFailure(new Error('the model crashed'))
  count.countFailure(new DevmlopsError('rate_limited', 'its queue is full'))
  count.countFailure(new DevmlopsError('timed_out', 'too late'))
  assert.equal(count.failed, 3)
})

test('keeps the counts over a restart, and begins a new line for every plan', async () => {
  clock.time = 900
  const first = await started('restart')
  const before = first.counts.begin(canary)
  before.answered += 7
  before.failed += 1
  await first.keeper.close()
  const second = await started('restart')
  clock.time = 1500
  second.counts.begin(canary).answered += 2
  await second.keeper.close()
  const file = await second.read()
  assert.deepEqual(
    file?.variants.map(({ since, answered, failed }) => [since, answered, failed]),
    [
      [900, 7, 1],
      [1500, 2, 0],
    ],
  )
  assert.deepEqual([file.open, file.deaths], [false, 0])
})

test('says that counts may be missing when a process died', async () => {
  const first = await started('death')
  first.counts.begin(canary).answered += 1
  while ((await first.read())?.open !== true) await pause(5)
  // Nobody closes it: the process is gone.
  const second = await started('death')
  await second.keeper.close()
  assert.equal((await second.read())?.deaths, 1)
  await first.keeper.close()
})

test('starts anew beside a file that cannot be read', async () => {
  const { stateDirectory, keeper } = await started('broken')
  await keeper.close()
  await writeFile(outcomesPath(stateDirectory), '{"open": tr')
  assert.equal(await readOutcomes(stateDirectory), undefined)
  const again = await started('broken')
  again.counts.begin(canary).failed += 1
  await again.keeper.close()
  assert.equal((await again.read())?.variants[0]?.failed, 1)
})

test('keeps a bounded number of lines', async () => {
  const { counts, keeper, read } = await started('bounded')
  for (let plan = 0; plan < 300; plan++) {
    clock.time = plan
    counts.begin(canary).answered += 1
  }
  await keeper.close()
  const lines = (await read())?.variants ?? []
  assert.deepEqual([lines.length, lines[0]?.since, lines.at(-1)?.since], [100, 200, 299])
})
