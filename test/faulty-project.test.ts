import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createFlightsProject, type FlightsProject } from './flights-project.fixture.ts'
import { ask, command, refusal, startServer, type ServerProcess } from './program.fixture.ts'
import type { PipelineRunDetail } from '#lifecycle/pipelines/contract'

describe('a mistake in devmlops.yaml', () => {
  let project: FlightsProject
  let server: ServerProcess

  before(async () => {
    project = await createFlightsProject()
    await project.arrive('january.parquet', ['2001-01-01', '2001-02-05'])
    server = await startServer(project.directory)
    await ask(project.directory, ['data', 'add', 'flights'])
  })
  after(async () => {
    await server.stop()
    project.remove()
  })

  const mistakes = [
    [
      'a misspelt section',
      'pipelines:',
      'pipeline:',
      /devmlops\.yaml:14:1: unknown section "pipeline"/,
      'Did you mean "pipelines"?',
    ],
    ['a field that does not exist', 'gates:', 'gate:', /:\d+:5: .*"gate"/, 'Did you mean "gates"?'],
    [
      'a reference to nothing',
      'data: prepare.training',
      'data: prepare.trainin',
      /no output "trainin"/,
      'Did you mean "training"?',
    ],
    [
      'a deployment of no model',
      'small-flights@champion\n    canary',
      'small-flight@champion\n    canary',
      /no model is called/,
      'Did you mean "small-flights"?',
    ],
    ['a key at the wrong depth', 'holdout_days: 7 }', 'holdout_days: 7 }\n    stepz: {}', /stepz/, 'steps'],
    [
      'a bracket that stays open',
      '[training, holdout]',
      '[training, holdout',
      /:26:18: a bracket is opened here/,
      '^',
    ],
    ['a tab', '  flights:', '\tflights:', /:4:1: found a tab, expected spaces/, 'spaces only'],
  ] as const

  for (const [what, right, wrong, message, hint] of mistakes) {
    it(`is shown with its place and what would be right: ${what}`, async () => {
      project.edit((file) => file.replace(right, wrong))
      const { problem, exit } = await refusal(project.directory, ['run', 'train'])
      project.edit((file) => file.replace(wrong, right))
      assert.deepEqual([problem.code, exit], ['invalid_project', 2])
      assert.match(problem.detail, message)
      assert.ok(problem.detail.includes(hint), problem.detail)
      assert.match(problem.at ?? '', /^devmlops\.yaml:\d+:\d+$/)
    })
  }

  for (const [what, right, wrong, meant] of [
    ['trainer', 'gradient-boosting', 'gradient-bosting', 'gradient-boosting'],
    ['parameter of a trainer', 'leaves: 7', 'leavs: 7', 'leaves'],
  ] as const) {
    it(`stops training where a ${what} is misspelt, instead of comparing what is left`, async () => {
      project.edit((file) => file.replace(right, wrong))
      const { code, answer } = await command<PipelineRunDetail>(project.directory, ['run', 'train'])
      project.edit((file) => file.replace(wrong, right))
      assert.equal(code, 8)
      assert.match(answer.failure?.message ?? '', /Candidate "trees": /)
      assert.equal(answer.failure?.hint, `Did you mean "${meant}"?`)
    })
  }

  it('is read again by a server that runs, and a mistake in it stops nothing that answers', async () => {
    project.edit((file) => `${file}oops: true\n`)
    assert.equal((await fetch(new URL('/health', server.url))).status, 200)
    assert.equal(
      (await refusal(project.directory, ['data', 'add', 'flights'])).problem.code,
      'invalid_project',
    )
    project.edit((file) => file.replace('oops: true\n', ''))
    await ask(project.directory, ['data', 'add', 'flights'])
  })
})
