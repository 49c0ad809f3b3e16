import assert from 'node:assert/strict'
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { it } from 'node:test'
import { sql } from 'kysely'
import { createDataStage, dataMigrations, type NamedVersion } from '#lifecycle/data/index'
import type { Caller } from '#contract/endpoint'
import type { Database } from '#platform/database/index'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { createRandom } from '#platform/random'
import { createReclaim } from './reclaim.ts'

const ada: Caller = { name: 'ada', permissions: new Set(['read', 'write', 'operate', 'admin']) }
const hourMs = 3_600_000
const dayMs = 24 * hourMs

interface Collected {
  readonly removed: readonly { readonly dataset: string; readonly version: number }[]
  readonly kept: readonly { readonly version: number; readonly by: readonly string[] }[]
  readonly restored: readonly { readonly version: number }[]
  readonly expired: number
  readonly bytes: { readonly removed: number }
}

const times = [
  ['stored_files', 'renewed_at'],
  ['dataset_versions', 'created_at'],
  ['dataset_removed_versions', 'removed_at'],
] as const

async function opened(open: () => Promise<Database>) {
  const database = await open()
  const { platform, close } = fixturePlatform(database)
  const { home } = platform.config
  const folders = ['cats', 'dogs']
  const dataset = (name: string) => ({
    source: { folder: name, exclude: [], links: 'refuse' },
    mode: 'replace',
    key: [],
    nulls: [],
    expectations: [],
    columns: {},
    masking: {},
  })
  const project = {
    directory: home,
    sections: { data: Object.fromEntries(folders.map((name) => [name, dataset(name)])), remotes: {} },
  }
  const named: NamedVersion[] = []
  const reclaim = createReclaim({ platform, stages: () => [data.stage] })
  const data = createDataStage({
    platform,
    project: () => Promise.resolve(project as never),
    garbage: {
      namedVersions: async function* () {
        yield* named
      },
      reclaim: ({ held, ...request }) => reclaim({ ...request, instead: { stage: 'data', held } }),
    },
  })
  for (const kind of data.stage.jobKinds ?? []) platform.jobs.register(kind)
  await platform.jobs.start()
  const call = async (name: string, input: unknown): Promise<unknown> => {
    const route = data.stage.routes.find((each) => each.name === `data.${name}`) ?? assert.fail(name)
    return route.handler(route.endpoint.input.parse(input), { caller: ada, requestId: 'test' })
  }
  const task = async (name: string, input: unknown): Promise<unknown> => {
    const { id } = (await call(name, input)) as { id: string }
    const job = await platform.jobs.wait(id)
    assert.equal(job.error, undefined)
    return ((await call('task', { taskId: id })) as { result: unknown }).result
  }
  return {
    named,
    /** Makes everything that much older: the times of files do not follow a clock of a test. */
    pass: async (ms: number): Promise<void> => {
      for (const [table, column] of times) {
        const [name, time] = [sql.table(table), sql.ref(column)]
        await sql`update ${name} set ${time} = ${time} - ${ms}`.execute(database.query)
      }
      for await (const { digest, changedAt } of platform.blobs.list()) {
        const path = await platform.blobs.localPath(digest)
        utimesSync(path, (changedAt - ms) / 1000, (changedAt - ms) / 1000)
      }
    },
    put: async (folder: string, files: ReadonlyMap<string, string>): Promise<number> => {
      rmSync(join(home, folder), { recursive: true, force: true })
      for (const [path, text] of files) {
        mkdirSync(dirname(join(home, folder, path)), { recursive: true })
        writeFileSync(join(home, folder, path), text)
      }
      return (await data.service.add(folder, {}, ada)).version?.version ?? assert.fail('no version')
    },
    tag: (name: string, version: number, tag: string) => call('setTag', { name, version, tag, move: true }),
    collect: (input: Record<string, unknown>) => task('collect', input) as Promise<Collected>,
    damaged: async () => ((await task('verify', {})) as { damaged: number }).damaged,
    numbers: async (name: string): Promise<number[]> =>
      ((await call('remoteVersions', { name })) as { items: number[] }).items,
    blobs: async (): Promise<number> => {
      let count = 0
      for await (const _ of platform.blobs.list()) count += 1
      return count
    },
    close: async () => {
      await platform.jobs.stop()
      await close()
    },
  }
}

const migrations = [...platformMigrations, ...dataMigrations]

forEachEngine('collecting garbage of datasets', migrations, (open) => {
  it('tells what would go and why the rest stays, and changes nothing before it is told to', async () => {
    const shop = await opened(open)
    for (const text of ['one', 'two', 'three', 'four']) {
      await shop.put('cats', new Map([['a.txt', text.repeat(100)]]))
      await shop.pass(dayMs)
    }
    await shop.tag('cats', 1, 'gold')
    shop.named.push({ dataset: 'cats', version: 2, by: 'model tabby@3' })
    const told = await shop.collect({ keep: 1 })
    assert.deepEqual(
      told.removed.map(({ version }) => version),
      [3],
    )
    assert.deepEqual(
      told.kept.map(({ version, by }) => [version, by]),
      [
        [2, ['model tabby@3']],
        [1, ['tag gold']],
      ],
    )
    assert.deepEqual(await shop.numbers('cats'), [1, 2, 3, 4])
    const none = await shop.collect({ apply: true })
    assert.deepEqual(
      [none.removed, await shop.numbers('cats')],
      [[], [1, 2, 3, 4]],
      'without --keep no version goes',
    )

    const before = await shop.blobs()
    await shop.collect({ keep: 1, apply: true })
    assert.deepEqual([await shop.numbers('cats'), await shop.blobs()], [[1, 2, 4], before], 'its bytes wait')
    await shop.pass(2 * dayMs)
    const later = await shop.collect({ keep: 1, apply: true })
    assert.equal(later.expired, 1)
    assert.ok((await shop.blobs()) < before)
    assert.equal(await shop.damaged(), 0)
    await shop.close()
  })

  it('brings back a version that turns out to be named', async () => {
    const shop = await opened(open)
    await shop.put('cats', new Map([['a.txt', 'one']]))
    await shop.put('cats', new Map([['a.txt', 'two']]))
    await shop.pass(dayMs)
    await shop.collect({ keep: 1, apply: true })
    assert.deepEqual(await shop.numbers('cats'), [2])
    // A run that was just starting.
    shop.named.push({ dataset: 'cats', version: 1, by: 'run a' })
    await shop.pass(2 * dayMs)
    const { restored } = await shop.collect({ apply: true })
    assert.deepEqual(
      restored.map(({ version }) => version),
      [1],
    )
    assert.deepEqual(await shop.numbers('cats'), [1, 2])
    assert.equal(await shop.damaged(), 0)
    await shop.close()
  })

  it('never takes what a version, a tag or a name needs, whatever happened before', async () => {
    for (const seed of [1, 2]) {
      const shop = await opened(open)
      const random = createRandom(seed)
      const upTo = (count: number): number => Math.floor(random.uniform() * count)
      const held = new Map<string, Set<number>>([
        ['cats', new Set()],
        ['dogs', new Set()],
      ])
      const files = new Map<string, string>()
      for (let step = 0; step < 20; step++) {
        const name = ['cats', 'dogs'][upTo(2)] as string
        const numbers = await shop.numbers(name)
        const some = numbers[upTo(numbers.length)]
        const what = upTo(10)
        if (what < 5) {
          for (let change = 0; change <= upTo(3); change++) {
            const path = `${'abc'[upTo(3)]}/${upTo(4)}.txt`
            if (upTo(4) === 0 && files.size > 1) files.delete(path)
            else files.set(path, `${upTo(6)} `.repeat(50 + upTo(3) * 2000))
          }
          if (files.size > 0) await shop.put(name, files)
        } else if (what === 5 && some !== undefined) {
          await shop.tag(name, some, `tag-${step}`)
          held.get(name)?.add(some)
        } else if (what === 6 && some !== undefined) {
          shop.named.push({ dataset: name, version: some, by: `model m@${step}` })
          held.get(name)?.add(some)
        } else if (what === 7) await shop.pass(upTo(3) * dayMs)
        else {
          const graceMs = [hourMs, 2 * hourMs, dayMs][upTo(3)] as number
          const keep = upTo(3) + 1
          const newest = (await shop.numbers(name)).slice(-keep)
          const adding =
            files.size > 0 && upTo(2) === 0
              ? shop.put(name, new Map([...files, ['z', `${step}`]]))
              : undefined
          await shop.collect({ keep, graceMs, olderThanMs: upTo(2) * dayMs, apply: true })
          await adding
          const left = await shop.numbers(name)
          if (adding === undefined) for (const number of newest) assert.ok(left.includes(number))
          for (const [other, wanted] of held) {
            const there = await shop.numbers(other)
            for (const number of wanted)
              assert.ok(there.includes(number), `${other}@${number} is gone (seed ${seed})`)
          }
          assert.equal(await shop.damaged(), 0, `seed ${seed}, step ${step}`)
        }
      }
      await shop.close()
    }
  })
})
