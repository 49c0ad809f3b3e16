import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createTrackingStage, trackingMigrations } from '#lifecycle/tracking/index'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { createRegistryService } from './service.ts'
import { registryMigrations } from './tables.ts'

const caller = { name: 'ada' }
const prompt = { 'mlflow.prompt.is_prompt': 'true' }

forEachEngine(
  'registered models',
  [...platformMigrations, ...trackingMigrations, ...registryMigrations],
  (open) => {
    const withRegistry = async (
      use: (context: {
        registry: ReturnType<typeof createRegistryService>
        deployed: { deployment: string; version: number; model: string }[]
        create(model: string, source: string, more?: object): Promise<unknown>
      }) => Promise<void>,
    ) => {
      const clock = { time: 5_000, now: () => clock.time++ }
      const { platform, close } = fixturePlatform(await open(), clock)
      const deployed: { deployment: string; version: number; model: string }[] = []
      const registry = createRegistryService({
        platform,
        tracking: createTrackingStage({ platform }).service,
        deployedVersions: async (model) => deployed.filter((one) => one.model === model),
      })
      const create = (model: string, source: string, more = {}) =>
        registry.createVersion({ model, source, ...more }, caller)
      try {
        await use({ registry, deployed, create })
      } finally {
        await close()
      }
    }

    it('are renamed with versions, aliases and history; the old name leads to the new one', () =>
      withRegistry(async ({ registry, deployed, create }) => {
        await registry.createModel({ name: 'old', tags: { team: 'ops' } }, caller)
        await registry.createModel({ name: 'taken' }, caller)
        await create('old', 's3://b/x')
        await registry.promote({ model: 'old', alias: 'champion', version: 1 }, caller)
        deployed.push({ deployment: 'live', model: 'old', version: 1 })
        const rename = (from: string, to: string) => registry.renameModel({ from, to }, caller)
        await assert.rejects(rename('old', 'taken'), { code: 'already_exists' })
        await assert.rejects(rename('old', 'a/b'), { code: 'invalid_input' })
        const { model, latestVersions } = await rename('old', 'new')
        assert.deepEqual(
          [model.aliases, model.tags, latestVersions[0]?.model],
          [{ champion: 1 }, { team: 'ops' }, 'new'],
        )
        assert.equal((await registry.transitions('old')).length, 1)
        // What was deployed under the old name goes on; whoever follows the alias by it learns the new name.
        assert.equal((await registry.getVersion('old', '1')).model, 'new')
        await assert.rejects(registry.versionOfAlias('old', 'champion'), {
          code: 'not_found',
          message: /renamed to "new"/,
        })
        await assert.rejects(registry.getVersionNumbered('old', 1), { code: 'not_found' })
        await assert.rejects(registry.deleteModel('new', caller), { code: 'conflict' })
        await assert.rejects(registry.deleteVersion({ model: 'new', version: 1 }, caller), {
          code: 'conflict',
        })
        await assert.rejects(registry.createModel({ name: 'old' }, caller), {
          code: 'already_exists',
          hint: /devmlops deploy live/,
        })
        deployed.length = 0
        await registry.createModel({ name: 'old' }, caller)
        await assert.rejects(registry.getVersion('old', '1'), { code: 'not_found' })
        await create('old', 's3://b/y')
        deployed.push({ deployment: 'live', model: 'old', version: 1 })
        await assert.rejects(registry.createModel({ name: 'old' }, caller), { message: /already exists/ })
        await rename('new', 'newer')
        assert.equal((await rename('newer', 'new')).model.name, 'new')
      }))

    it('get a name once, however many ask for it at the same time', () =>
      withRegistry(async ({ registry }) => {
        const made = await Promise.allSettled(
          Array.from({ length: 5 }, () => registry.createModel({ name: 'one' }, caller)),
        )
        assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1)
        const names = ['a', 'b', 'c', 'd']
        for (const name of names) await registry.createModel({ name }, caller)
        const renamed = await Promise.allSettled(
          names.map((from) => registry.renameModel({ from, to: 'e' }, caller)),
        )
        const refused = [...made, ...renamed].filter((one) => one.status === 'rejected')
        assert.equal(renamed.filter(({ status }) => status === 'fulfilled').length, 1)
        assert.deepEqual(
          new Set(refused.map(({ reason }) => (reason as { code: string }).code)),
          new Set(['already_exists']),
        )
      }))

    it('are deleted with everything, and their name starts anew', () =>
      withRegistry(async ({ registry, deployed, create }) => {
        await registry.createModel({ name: 'flights', tags: { a: 'b' } }, caller)
        await create('flights', 's3://b/x')
        const before = await registry.downloadUri({ model: 'flights', version: 1 })
        deployed.push({ deployment: 'live', model: 'flights', version: 1 })
        await assert.rejects(registry.deleteModel('flights', caller), {
          code: 'conflict',
          message: /"live" answers/,
        })
        deployed.length = 0
        await registry.deleteModel('flights', caller)
        await assert.rejects(registry.getModel('flights'), { code: 'not_found' })
        await assert.rejects(registry.deleteModel('flights', caller), { code: 'not_found' })
        assert.deepEqual((await registry.searchVersions({ limit: 10 })).items, [])
        assert.deepEqual((await registry.searchModels({ limit: 10 })).items, [])
        assert.equal((await registry.listModels({ limit: 10 })).length, 0)
        const { model } = await registry.createModel({ name: 'flights' }, caller)
        assert.deepEqual([model.tags, before], [{}, 's3://b/x'])
        await create('flights', 's3://b/y')
        assert.equal((await registry.getVersion('flights', 'latest')).version, 1)
        // The number of the model is another, so no address of old leads to its files.
        assert.equal(await registry.versionArtifacts(1, 1), undefined)
        assert.deepEqual(await registry.versionArtifacts(2, 1), [])
      }))

    it('do not share a name with a prompt, and hide prompts from who does not ask', () =>
      withRegistry(async ({ registry, create }) => {
        await registry.createModel({ name: 'greeting', tags: prompt }, caller)
        await registry.createModel({ name: 'flights' }, caller)
        await create('greeting', 'dummy-source', { tags: { ...prompt, 'mlflow.prompt.text': 'Hello' } })
        await create('flights', 's3://b/x')
        await assert.rejects(registry.createModel({ name: 'greeting' }, caller), {
          code: 'already_exists',
          message: /already taken by a prompt/,
        })
        await assert.rejects(registry.createModel({ name: 'greeting', tags: prompt }, caller), {
          message: 'Prompt (name=greeting) already exists.',
        })
        for (const [model, source, tags] of [
          ['greeting', 's3://b/x', {}],
          ['flights', 'dummy-source', prompt],
          ['greeting', 's3://b/x', prompt],
        ] as const) {
          await assert.rejects(create(model, source, { tags }), { code: 'invalid_input' })
        }
        const names = async (filter?: string) =>
          (await registry.searchModels({ filter, limit: 10 })).items.map(({ model }) => model.name)
        const versions = async (filter?: string) =>
          (await registry.searchVersions({ filter, limit: 10 })).items.map(({ model }) => model)
        for (const search of [names, versions]) {
          assert.deepEqual(await search(), ['flights'])
          assert.deepEqual(await search("tags.`mlflow.prompt.is_prompt` != 'true'"), ['flights'])
          assert.deepEqual(await search("tag.`mlflow.prompt.is_prompt` = 'true'"), ['greeting'])
          assert.deepEqual(await search("name = 'greeting'"), [])
        }
        assert.deepEqual(
          (await registry.listModels({ limit: 10 })).map(({ name }) => name),
          ['flights'],
        )
      }))

    it('are found by filters, in order, page by page', () =>
      withRegistry(async ({ registry, create }) => {
        for (const [name, team] of [
          ['b', 'ops'],
          ['a', 'ops'],
          ['C', 'lab'],
        ] as const) {
          await registry.createModel({ name, tags: { team } }, caller)
          for (const n of [1, 2])
            await create(name, `s3://${name}/${n}`, { runId: `run${n}`, tags: { n: String(n) } })
        }
        const models = async (filter: string, orderBy: string[] = []) =>
          (await registry.searchModels({ filter, orderBy, limit: 10 })).items.map(({ model }) => model.name)
        assert.deepEqual(await models("tags.team = 'ops'"), ['a', 'b'])
        assert.deepEqual(await models("tags.team != 'ops' OR name ILIKE 'B'", ['timestamp DESC']), ['C', 'b'])
        assert.deepEqual(await models("name IN ('a','C') AND NOT tags.team = 'lab'"), ['a'])
        assert.deepEqual(await models('tags.none IS NULL', ['last_updated_timestamp ASC']), ['b', 'a', 'C'])
        const found = async (filter: string, orderBy: string[] = []) =>
          (await registry.searchVersions({ filter, orderBy, limit: 10 })).items.map(
            ({ model, version }) => `${model}${version}`,
          )
        assert.deepEqual(await found("name = 'a'"), ['a2', 'a1'])
        assert.deepEqual(await found("run_id IN ('run1') AND version_number <= '1'", ['name']), [
          'C1',
          'a1',
          'b1',
        ])
        assert.deepEqual(await found("source_path LIKE 's3://b/%' AND tags.n != '1'"), ['b2'])
        assert.deepEqual(await found('', ['version_number ASC', 'name DESC']), [
          'b1',
          'a1',
          'C1',
          'b2',
          'a2',
          'C2',
        ])
        const wrong = ["color = 'x'", 'name > 5', "metrics.x = 'y'", 'name', "constructor = 'x'"]
        for (const filter of wrong) {
          await assert.rejects(
            registry.searchVersions({ filter, limit: 1 }),
            { code: 'invalid_input' },
            filter,
          )
          await assert.rejects(registry.searchModels({ filter, limit: 1 }), { code: 'invalid_input' }, filter)
        }
        for (const orderBy of [['color'], ['name', 'name DESC'], ['name UP'], ['__proto__']]) {
          await assert.rejects(registry.searchModels({ orderBy, limit: 1 }), { code: 'invalid_input' })
        }
        const pages: string[][] = []
        for (let after: string | undefined; pages.length < 9;) {
          const page = await registry.searchModels({ limit: 2, ...(after === undefined ? {} : { after }) })
          pages.push(page.items.map(({ model }) => model.name))
          after = page.next
          if (after === undefined) break
        }
        assert.deepEqual(pages, [['C', 'a'], ['b']])
      }))
  },
)
