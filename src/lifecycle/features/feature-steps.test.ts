import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Digest } from '#platform/blobs/index'
import { openStage, type StageFixture } from '../pipelines/stage.fixture.ts'
import type { StepKind } from '../pipelines/index.ts'
import { joinStep } from './joins/join-step.ts'
import { splitRuleSchema, type SplitsConfig } from './splits/split-rule.ts'
import { splitStep, type SplitRecord } from './splits/split-step.ts'
import type { ViewUse } from './view-use.ts'
import { viewSchema, type ViewConfig, type ViewsConfig } from './views/feature-view.ts'

const weather = (ttl: string): ViewConfig =>
  viewSchema.parse({
    source: 'weather',
    entity: 'city',
    time: 'at',
    created: 'none',
    ttl,
    features: { wind: 'wind', lag: { lag: 'wind' } },
  })

let views: ViewsConfig = { weather: weather('2d') }
let splits: SplitsConfig = {}
const uses: ViewUse[] = []
const kept: SplitRecord[] = []
let stage: StageFixture

const pipelines = `
main:
  steps:
    join:
      join: { rows: data.trips, time: day, features: [weather.wind] }
      inputs: { weather: data.weather }
    split:
      split: { data: join, rule: by_id }
`

before(async () => {
  const kinds = [
    joinStep({ views: async () => views, recordUse: async (use) => void uses.push(use) }),
    splitStep({ splits: async () => splits, recordSplit: async (split) => void kept.push(split) }),
  ] as unknown as StepKind[]
  stage = await openStage({ pipelines, kinds })
  const trips = Array.from({ length: 200 }, (_, i) => `${i},c${i % 3},2024-01-0${1 + (i % 9)} 12:00:00`)
  stage.setDataset('trips', `id,city,day\n${trips.join('\n')}\n`)
  const days = Array.from(
    { length: 27 },
    (_, i) => `c${i % 2},2024-01-0${1 + Math.floor(i / 3)} 00:00:00,${i}`,
  )
  stage.setDataset('weather', `city,at,wind\n${days.join('\n')}\n`)
  splits = { by_id: splitRuleSchema.parse({ by: 'hash', column: 'id', test: 0.25 }) }
})
after(() => stage.close())

const run = async () => {
  const { state, steps } = await stage.run({ pipeline: 'main' })
  return {
    state,
    failure: steps.find(({ failure }) => failure !== undefined)?.failure,
    states: steps.map((step) => step.state),
    outputs: steps.flatMap(({ outputs }) => outputs),
  }
}

describe('the steps join and split', () => {
  it('keep every row, give each its part, and record what was used and done', async () => {
    const { state, outputs } = await run()
    assert.equal(state, 'succeeded')
    const rows = Object.fromEntries(
      outputs.map(({ name, ...output }) => [name, 'rows' in output ? output.rows : undefined]),
    )
    assert.equal(rows['rows'], 200)
    assert.equal((rows['train'] ?? 0) + (rows['test'] ?? 0), 200)
    assert.deepEqual(
      uses.map(({ view, features, user }) => [view, features, user.name]),
      [['weather', ['wind'], 'main.join']],
    )
    assert.deepEqual(
      kept.map(({ name, rows: all }) => [name, all]),
      [['by_id', 200]],
    )
    const record = outputs.find(({ name }) => name === 'split')
    const path = await stage.platform.blobs.localPath(record?.digest as Digest)
    assert.equal((JSON.parse(readFileSync(path, 'utf8')) as SplitRecord).rule.by, 'hash')
  })

  it('run again when a definition or a rule changes, and not otherwise', async () => {
    assert.deepEqual((await run()).states, ['cached', 'cached'])
    views = { weather: { ...weather('2d'), description: 'only words' } }
    assert.deepEqual((await run()).states, ['cached', 'cached'])
    views = { weather: weather('36h') }
    assert.deepEqual((await run()).states[0], 'succeeded')
    splits = { by_id: splitRuleSchema.parse({ by: 'hash', column: 'id', test: 0.5 }) }
    assert.deepEqual((await run()).states, ['cached', 'succeeded'])
  })

  it('say which input is missing, which feature there is, and which parts to list', async () => {
    stage.setPipelines(pipelines.replace('      inputs: { weather: data.weather }\n', ''))
    assert.deepEqual(await run().then(({ failure }) => [failure?.message, failure?.hint]), [
      'The feature view "weather" is made of "weather", which the step does not read.',
      'Add it to the step: inputs: { weather: data.weather }',
    ])
    stage.setPipelines(pipelines.replace('weather.wind', 'weather.wnd'))
    assert.match((await run()).failure?.hint ?? '', /Did you mean "weather.wind"\?/)
    stage.setPipelines(pipelines)
    splits = { by_id: splitRuleSchema.parse({ by: 'hash', column: 'id', test: 0.25, validation: 0.25 }) }
    assert.deepEqual((await run()).failure?.hint, 'Write in the step: outputs: [train, validation, test]')
  })
})
