import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { DevmlopsError } from '#contract/errors'
import { fixtureCommandLine } from '../../cli/command-line.fixture.ts'
import { pipelinesCommands } from './commands.ts'
import type { PipelineRunDetail, StepKind } from './index.ts'
import { openStage, type StageFixture } from './stage.fixture.ts'

const failing: StepKind<string> = {
  name: 'fails',
  summary: 'For tests',
  schema: z.string(),
  version: '1',
  outputs: () => [],
  run: async ({ config, log }) => {
    log('about to fail')
    throw new DevmlopsError(config === 'gate' ? 'gate_failed' : 'training_failed', 'it is so', {
      hint: 'Change it.',
    })
  },
}

describe('the commands of pipelines', async () => {
  let stage: StageFixture
  let run: ReturnType<typeof fixtureCommandLine>
  before(async () => {
    stage = await openStage({
      kinds: [failing],
      pipelines: `
count:
  parameters: { least: 1 }
  steps:
    large: { sql: "SELECT * FROM numbers WHERE x > $least", inputs: { numbers: data.numbers }, outputs: [rows] }
    report: { sql: "SELECT count(*) AS n FROM rows", inputs: { rows: large }, outputs: [n] }
gate: { steps: { judge: { fails: gate }, after: { fails: x, needs: [judge] } } }
broken: { steps: { train: { fails: training } } }
`,
    })
    stage.setDataset('numbers', 'x\n1\n2\n3\n')
    run = fixtureCommandLine({ commands: pipelinesCommands, stages: [stage.stage], platform: stage.platform })
  })
  after(() => stage.close())

  it('runs a pipeline and sums it up', async () => {
    const { code, out, err } = await run('run', 'count', '--reason', 'first try')
    assert.equal(code, 0, err)
    assert.match(out, /STEP +KIND +STATE +TIME +MADE/)
    assert.match(out, /large +sql +succeeded +\S+ +rows 2 rows/)
    assert.match(out, /count succeeded in /)
    assert.equal(err, '', 'nothing moves when nobody watches')
  })

  it('says why each step ran or did not', async () => {
    const again = await run('run', 'count', '--why')
    assert.match(again.out, /large +sql +cached/)
    assert.match(again.out, /large did not run:\n {2}unchanged since run /)
    const changed = await run('run', 'count', '--why', '--param', 'least=2')
    assert.match(changed.out, /large ran:\n {2}parameters: least changed \(1 → 2\)/)
  })

  it('only plans with --dry-run', async () => {
    const { out } = await run('run', 'count', '--dry-run', '-p', 'least=0')
    assert.match(out, /large +sql +run +parameters: least changed \(2 → 0\)/)
    assert.match(out, /report +sql +decided-later +data: rows is still to be made by a step before it/)
    const plan = JSON.parse((await run('run', 'count', '--dry-run', '--json')).out) as { steps: unknown[] }
    assert.equal(plan.steps.length, 2)
    const forced = await run('run', 'count', '--dry-run', '--force-step', 'report')
    assert.match(forced.out, /report +sql +run +it was asked for/)
  })

  it('fails with the code of the failure, what was printed last, and one document with --json', async () => {
    const broken = await run('run', 'broken')
    assert.equal(broken.code, 8)
    assert.match(broken.err, /train printed last:\n {2}about to fail/)
    assert.match(broken.err, /error: The step "train" failed: it is so\n {2}fix: Change it\./)
    const gate = await run('run', 'gate', '--json')
    assert.equal(gate.code, 7)
    const document = JSON.parse(gate.out) as PipelineRunDetail
    assert.deepEqual(
      document.steps.map(({ state }) => state),
      ['failed', 'skipped'],
    )
  })

  it('lists pipelines and runs, and shows one run and its logs', async () => {
    assert.match((await run('pipelines', 'list')).out, /count +large → report +succeeded/)
    const runs = await run('pipelines', 'runs', '--pipeline', 'count')
    assert.match(runs.out, /count +succeeded +.* manual: first try/)
    assert.match((await run('pipelines', 'runs', 'latest')).out, /judge ran:\n {2}it has never run/)
    assert.match((await run('pipelines', 'logs', 'latest', 'judge')).out, /^about to fail\n$/)
    assert.equal((await run('pipelines', 'logs', 'latest', 'after')).code, 4)
    assert.equal((await run('pipelines', 'runs', 'no-such-run')).code, 4)
    assert.equal((await run('pipelines', 'cancel', 'latest')).code, 5)
  })

  it('names the parameter that is written wrongly', async () => {
    const { code, err } = await run('run', 'count', '--param', 'least')
    assert.equal(code, 2)
    assert.match(err, /NAME=VALUE/)
  })
})
