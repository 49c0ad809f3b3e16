import assert from 'node:assert/strict'
import { it } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { createTrackingStage, trackingMigrations, type TrackingService } from '#lifecycle/tracking/index'
import { runDocument } from './documents.ts'
import type { readRunAnswer } from './run-page.ts'

const caller = { name: 'ada' }
const place = { module: import.meta.resolve('#adapters/mlflow/run-page'), name: 'readRunAnswer' }

type Answer = { runs: unknown[] }

async function answer(
  tracking: TrackingService,
  request: Parameters<TrackingService['runPage']>[0],
): Promise<Answer> {
  const bytes = await tracking.runPageAs<typeof readRunAnswer>(place, request)
  return JSON.parse(new TextDecoder().decode(bytes)) as Answer
}

forEachEngine('a page of runs for MLflow', [...platformMigrations, ...trackingMigrations], (open) => {
  const withTracking = async (work: (tracking: TrackingService) => Promise<void>): Promise<void> => {
    const { platform, close } = fixturePlatform(await open())
    try {
      await work(createTrackingStage({ platform }).service)
    } finally {
      await close()
    }
  }

  it('has each run as it is when asked for alone, to the last bit', () =>
    withTracking(async (tracking) => {
      const odd = 'quotes " \' \\ \n \t \u0001 \u2028 ü 😀 </script>'
      const values = [
        0.1,
        1 / 3,
        5e-324,
        -1.7976931348623157e308,
        2 ** 53,
        3,
        0,
        NaN,
        Infinity,
        1e21,
        123456.789e-30,
      ]
      for (let index = 0; index < 3; index += 1) {
        const { id: runId } = await tracking.createRun({ caller, startedAt: index === 0 ? null : index })
        if (index === 1) continue
        await tracking.logBatch({
          runId,
          metrics: values.map((value, at) => ({ key: `m ${at}`, value, timestamp: 1e15, step: -1 - at })),
          params: { odd, '__proto__ ': '', constructor: odd },
          tags: { odd, 'mlflow.note.content': odd },
        })
        const dataset = { name: odd, digest: 'd', sourceType: 's', source: odd, tags: { odd } }
        await tracking.logInputs(runId, [
          { ...dataset, context: 'train', schema: '{}' },
          { ...dataset, digest: 'e' },
        ])
        await tracking.logInputModels(runId, ['m-1'])
        await tracking.logOutputs(runId, [{ modelId: 'm-2', step: 4 }])
        await tracking.finishRun(runId, 'FINISHED', caller)
      }
      const runs = await tracking.searchRuns({ limit: 10 })
      const { runs: found } = await answer(tracking, { limit: 10 })
      assert.deepEqual(found, JSON.parse(JSON.stringify(runs.map(runDocument))))
      assert.equal(found.length, 3)
      for (const [at, value] of values.entries()) {
        const stored = value === Infinity ? Number.MAX_VALUE : value
        const metric = runs[0]?.metrics.find(({ key }) => key === `m ${at}`)
        assert.deepEqual(metric, { key: `m ${at}`, value: stored, timestamp: 1e15, step: -1 - at })
      }
      assert.deepEqual(
        runs[0]?.params,
        Object.fromEntries(Object.entries({ odd, '__proto__ ': '', constructor: odd })),
      )
    }))
})
