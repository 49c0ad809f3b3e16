import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { CallContext } from '#contract/endpoint'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { createTrackingStage, trackingMigrations, type TrackingService } from '#lifecycle/tracking/index'
import { isRawJson } from '../call.ts'
import { searchCalls } from './search.ts'

const caller = { name: 'ada' }

interface Answer {
  readonly runs?: readonly { readonly info: { readonly run_name: string } }[]
  readonly experiments?: readonly { readonly name: string }[]
  readonly dataset_summaries?: unknown
  readonly next_page_token?: string
}

async function ask(tracking: TrackingService, path: string, fields: unknown): Promise<Answer> {
  const call = searchCalls(tracking).find((one) => one.path === path)
  assert.ok(call !== undefined)
  const context = { caller: { ...caller, permissions: new Set() }, requestId: '1' } as unknown as CallContext
  const answered = await call.answer(call.request.read(fields, '') as never, context)
  const text = isRawJson(answered)
    ? Buffer.from(answered.json as Uint8Array).toString()
    : JSON.stringify(answered)
  return JSON.parse(text) as Answer
}

forEachEngine('MLflow’s searches', [...platformMigrations, ...trackingMigrations], (open) => {
  const withTracking = async (work: (tracking: TrackingService) => Promise<void>): Promise<void> => {
    const { platform, close } = fixturePlatform(await open())
    try {
      await work(createTrackingStage({ platform }).service)
    } finally {
      await close()
    }
  }

  it('find experiments by name, times and tags, in any order', () =>
    withTracking(async (tracking) => {
      const made = [
        ['alpha', { team: 'ops' }],
        ['Beta', { team: 'Ops', owner: 'eve' }],
        ['gamma', {}],
        ['delta_1', { team: '100%' }],
      ] as const
      for (const [name, tags] of made) await tracking.createExperiment({ name, tags })
      await tracking.deleteExperiment('3')
      const names = async (fields: object): Promise<string> =>
        ((await ask(tracking, 'experiments/search', { max_results: 10, ...fields })).experiments ?? [])
          .map(({ name }) => name)
          .join(' ')
      const by = { order_by: ['name'] }
      assert.equal(await names(by), 'Beta Default alpha delta_1')
      assert.equal(await names({ order_by: ['experiment_id DESC'] }), 'delta_1 Beta alpha Default')
      assert.equal(await names({ ...by, view_type: 'DELETED_ONLY' }), 'gamma')
      assert.equal(await names({ ...by, view_type: 3, filter: "name LIKE '%a'" }), 'Beta alpha gamma')
      assert.equal(await names({ ...by, filter: "tags.team = 'ops'" }), 'alpha')
      assert.equal(await names({ ...by, filter: "tags.team ILIKE 'ops' AND tag.owner IS NULL" }), 'alpha')
      assert.equal(await names({ ...by, filter: "tags.team != 'ops'" }), 'Beta delta_1')
      assert.equal(await names({ ...by, filter: "NOT tags.team = 'ops'" }), 'Beta Default delta_1')
      assert.equal(
        await names({ ...by, filter: "experiment_id IN ('1', '4') OR name = 'Beta'" }),
        'Beta alpha delta_1',
      )
      assert.equal(
        await names({ ...by, filter: "experiment_id != '0' AND creation_time > 1" }),
        'Beta alpha delta_1',
      )
      assert.equal(await names({ ...by, filter: 'last_update_time <= 0' }), 'Default')
      const pages = []
      for (let page_token = ''; ;) {
        const page = await ask(tracking, 'experiments/search', { max_results: 3, page_token })
        pages.push(page.experiments?.length)
        if (page.next_page_token === undefined) break
        page_token = page.next_page_token
      }
      assert.deepEqual(pages, [3, 1])
      const wrong = [
        {},
        { max_results: 0 },
        { max_results: 50_001 },
        { max_results: 1, filter: "foo = 'a'" },
        { max_results: 1, filter: "params.a = 'a'" },
        { max_results: 1, filter: "experiment_id LIKE '1'" },
        { max_results: 1, filter: "experiment_id = 'x'" },
        { max_results: 1, filter: "creation_time = 'a'" },
        { max_results: 1, order_by: ['tags.team'] },
        { max_results: 1, order_by: Array.from({ length: 17 }, () => 'name') },
      ]
      for (const fields of wrong) {
        await assert.rejects(
          ask(tracking, 'experiments/search', fields),
          { code: 'invalid_input' },
          JSON.stringify(fields),
        )
      }
    }))

  it('find runs of the experiments that are asked for only', () =>
    withTracking(async (tracking) => {
      const { id: other } = await tracking.createExperiment({ name: 'other' })
      for (const [index, experimentId] of ['0', other, '0'].entries()) {
        const run = await tracking.createRun({ experimentId, name: `r${index}`, startedAt: index, caller })
        await tracking.logBatch({ runId: run.id, metrics: [{ key: 'a', value: index, timestamp: 1 }] })
        if (index === 2) await tracking.deleteRun(run.id)
      }
      const names = async (fields: object): Promise<string> =>
        ((await ask(tracking, 'runs/search', fields)).runs ?? []).map(({ info }) => info.run_name).join(' ')
      assert.equal(await names({ experiment_ids: ['0', other] }), 'r1 r0')
      assert.equal(await names({ experiment_ids: ['0'], run_view_type: 'ALL' }), 'r2 r0')
      assert.equal(await names({ experiment_ids: ['0'], run_view_type: 2 }), 'r2')
      assert.equal(await names({}), '')
      assert.equal(
        await names({ experiment_ids: ['0', other, '77'], filter: 'metrics.a < 5', order_by: ['metric.a'] }),
        'r0 r1',
      )
      for (const fields of [{ max_results: 0 }, { max_results: 50_001 }, { experiment_ids: ['x'] }]) {
        await assert.rejects(ask(tracking, 'runs/search', fields), { code: 'invalid_input' })
      }
    }))

  it('list the datasets of experiments, each with its contexts', () =>
    withTracking(async (tracking) => {
      const { id: experimentId } = await tracking.createExperiment({ name: 'other' })
      const dataset = { name: 'flights', digest: 'd', sourceType: 's', source: 'x', tags: {} }
      for (const context of ['train', 'eval', 'train']) {
        const { id } = await tracking.createRun({ experimentId, caller })
        await tracking.logInputs(id, [{ ...dataset, context }])
      }
      const { id } = await tracking.createRun({ caller })
      await tracking.logInputs(id, [dataset])
      const flights = { name: 'flights', digest: 'd' }
      assert.deepEqual(
        await ask(tracking, 'experiments/search-datasets', { experiment_ids: ['0', experimentId] }),
        {
          dataset_summaries: [
            { experiment_id: '0', ...flights },
            { experiment_id: experimentId, ...flights, context: 'eval' },
            { experiment_id: experimentId, ...flights, context: 'train' },
          ],
        },
      )
      const many = Array.from({ length: 21 }, (_, index) => String(index))
      for (const experiment_ids of [[], many]) {
        await assert.rejects(ask(tracking, 'experiments/search-datasets', { experiment_ids }), {
          code: 'invalid_input',
        })
      }
    }))
})
