import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFlightsProject, type FlightsProject } from './flights-project.fixture.ts'
import { ask, startCommand, startServer, until } from './program.fixture.ts'
import type { PipelineRunDetail, PipelineRunView } from '#lifecycle/pipelines/contract'
import type { ModelVersion } from '#lifecycle/registry/contract'

/** Each step notes that it began; the middle one waits for a file. Both outside the project, where they are no code. */
const noisySteps = (notes: string): string => `project: small-flights
pipelines:
  noisy:
    steps:
      first: { run: 'echo first >> ${notes}/begun; echo 1 > "$DEVMLOPS_OUTPUT_N"', outputs: { n: n.txt } }
      middle:
        run: 'echo middle >> ${notes}/begun; while [ ! -e ${notes}/go ]; do sleep 0.02; done; cp "$DEVMLOPS_INPUT_N" "$DEVMLOPS_OUTPUT_M"'
        inputs: { n: first.n }
        outputs: { m: m.txt }
      last: { run: 'echo last >> ${notes}/begun', inputs: { m: middle.m } }
`

describe('after kill -9 of', () => {
  it('the server in the middle of a run, the next server goes on and repeats nothing that was finished', async () => {
    await withProject(async (project, notes) => {
      project.write('devmlops.yaml', noisySteps(notes))
      const killed = await startServer(project.directory)
      const { id } = await ask<PipelineRunDetail>(project.directory, ['run', 'noisy', '--detach'])
      await until(() => (begun(notes).includes('middle') ? true : undefined), 'the middle step')
      await killed.kill()
      writeFileSync(join(notes, 'go'), '')
      const server = await startServer(project.directory)
      const run = await until(async () => {
        const found = await ask<PipelineRunDetail>(project.directory, ['pipelines', 'runs', id])
        return found.finishedAt === undefined ? undefined : found
      }, 'the end of the run')
      assert.equal(run.state, 'succeeded', run.failure?.message)
      assert.deepEqual(begun(notes), ['first', 'middle', 'middle', 'last'])
      const runs = await ask<PipelineRunView[]>(project.directory, ['pipelines', 'runs'])
      assert.deepEqual(
        runs.map((one) => one.id),
        [id],
      )
      assert.equal(await server.stop(), 0)
    })
  })

  it('a command without a server, the same command goes on and repeats nothing that was finished', async () => {
    await withProject(async (project, notes) => {
      project.write('devmlops.yaml', noisySteps(notes))
      const { child, finished } = startCommand(project.directory, ['run', 'noisy'])
      await until(() => (begun(notes).includes('middle') ? true : undefined), 'the middle step')
      child.kill('SIGKILL')
      await finished
      writeFileSync(join(notes, 'go'), '')
      const run = await ask<PipelineRunDetail>(project.directory, ['run', 'noisy'])
      assert.equal(run.state, 'succeeded')
      assert.deepEqual(begun(notes), ['first', 'middle', 'middle', 'last'])
    })
  })

  it('any command at any moment, the same commands again end in the same state', async () => {
    await withProject(async (project) => {
      await project.arrive('all.parquet', ['2001-01-01', '2001-02-26'])
      const killAfter = async (words: string[], ms: number): Promise<void> => {
        const { child, finished } = startCommand(project.directory, words)
        await sleep(ms)
        child.kill('SIGKILL')
        await finished
      }
      for (const ms of [300]) await killAfter(['data', 'add', 'flights'], ms)
      await ask(project.directory, ['data', 'add', 'flights'])
      for (const ms of [800, 1500]) await killAfter(['run', 'train'], ms)
      const run = await ask<PipelineRunDetail>(project.directory, ['run', 'train'])
      assert.equal(run.state, 'succeeded')

      const [dataset] = await ask<{ versions: number; latest: { rows: number } }[]>(project.directory, [
        'data',
        'list',
      ])
      assert.deepEqual([dataset?.versions, dataset?.latest.rows], [1, 120 * 56])
      const pipelineRuns = await ask<PipelineRunView[]>(project.directory, ['pipelines', 'runs'])
      assert.deepEqual(
        pipelineRuns.filter(({ finishedAt }) => finishedAt === undefined),
        [],
      )
      const runs = await ask<{ name: string; status: string }[]>(project.directory, ['runs', 'list'])
      assert.deepEqual(
        runs.filter(({ status }) => status === 'RUNNING'),
        [],
      )
      const { model, version } = await shown(project, 'champion')
      assert.equal(model.latestVersion, 1)

      await ask(project.directory, ['run', 'train', '--force'])
      const undisturbed = await shown(project, '2')
      assert.equal(graphOf(undisturbed.version), graphOf(version))
    })
  })
})

interface Shown {
  readonly model: { readonly latestVersion: number }
  readonly version: ModelVersion
}

async function shown({ directory }: FlightsProject, which: string): Promise<Shown> {
  const [{ version }, model] = await Promise.all([
    ask<{ version: ModelVersion }>(directory, ['models', 'show', `small-flights@${which}`]),
    ask<{ name: string; latestVersion: number }[]>(directory, ['models', 'list']),
  ])
  return { version, model: { latestVersion: model[0]?.latestVersion ?? 0 } }
}

function graphOf({ artifacts }: ModelVersion): string | undefined {
  return artifacts.find(({ path }) => path === 'model.onnx')?.digest
}

function begun(notes: string): string[] {
  const file = join(notes, 'begun')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

async function withProject(work: (project: FlightsProject, notes: string) => Promise<void>): Promise<void> {
  const project = await createFlightsProject()
  const notes = mkdtempSync(join(tmpdir(), 'devmlops-notes-'))
  try {
    await work(project, notes)
  } finally {
    rmSync(notes, { recursive: true })
    project.remove()
  }
}
