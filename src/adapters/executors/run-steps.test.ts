import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { PipelineRunDetail } from '#lifecycle/pipelines/index'
import { openStage, type StageFixture } from '#lifecycle/pipelines/stage.fixture'
import { createLocalProcessExecutor } from './local-process.ts'
import { isProcessAlive } from './process-group.ts'

describe('steps that run commands', async () => {
  let stage: StageFixture
  before(async () => {
    stage = await openStage({
      executor: createLocalProcessExecutor(),
      environment: { REGION: 'eu' },
      pipelines: 'none: { steps: { a: { run: "true" } } }',
    })
  })
  after(() => stage.close())

  const only = (run: PipelineRunDetail) => run.steps[0] as PipelineRunDetail['steps'][number]

  it('give a command its inputs, parameters and places for outputs, and keep what it makes', async () => {
    stage.setDataset('numbers', 'x\n1\n2\n')
    stage.write('note.txt', 'hello')
    stage.write(
      'step.sh',
      `set -e
cat "$DEVMLOPS_INPUT_NUMBERS"/*.csv "$DEVMLOPS_INPUT_NOTE" > "$DEVMLOPS_OUTPUT_ALL"
echo "{\\"depth\\": $DEVMLOPS_PARAM_MAX_DEPTH}" > "$DEVMLOPS_OUTPUT_INFO"
mkdir "$DEVMLOPS_OUTPUT_PLOTS/deep"; echo plot > "$DEVMLOPS_OUTPUT_PLOTS/deep/a.txt"
cp "$DEVMLOPS_STEP" step-copy.json; echo "$REGION $DEVMLOPS_SEED"
`,
    )
    stage.setPipelines(`
p:
  parameters: { max-depth: 4 }
  steps:
    a:
      run: [sh, step.sh]
      inputs: { numbers: data.numbers, note: file:note.txt }
      outputs: { all: all.txt, info: info.json, plots: plots/ }
      seed: 9
    b:
      run: 'ls -R "$DEVMLOPS_INPUT_PLOTS"; cat "$DEVMLOPS_INPUT_INFO" "$DEVMLOPS_INPUT_ALL" > "$DEVMLOPS_OUTPUT_X"'
      inputs: { plots: a.plots, info: a.info, all: a.all }
      outputs: [x]
`)
    const run = await stage.run({ pipeline: 'p' })
    assert.equal(run.state, 'succeeded', JSON.stringify(run.failure))
    const text = async (index: number, output: number): Promise<string> =>
      new TextDecoder().decode(
        await stage.platform.blobs.get(run.steps[index]?.outputs[output]?.digest as `sha256:${string}`),
      )
    assert.equal(await text(0, 0), 'x\n1\n2\nhello')
    assert.equal(await text(1, 0), '{"depth":4}x\n1\n2\nhello')
    const described = JSON.parse(readFileSync(join(stage.directory, 'step-copy.json'), 'utf8')) as {
      inputs: { label: string }[]
    }
    assert.deepEqual(
      described.inputs.map(({ label }) => label),
      ['numbers@1', 'note.txt'],
    )
    assert.equal(
      (await stage.run({ pipeline: 'p' })).steps.every(({ state }) => state === 'cached'),
      true,
    )
  })

  it('run again when a script, its neighbour, a lock file or a named variable changes, and say which', async () => {
    stage.write('lib/train.py', 'import helper')
    stage.write('lib/helper.py', 'one = 1')
    stage.setPipelines('p: { steps: { a: { run: "cat lib/train.py", environment: [DEVMLOPS_TEST_MODE] } } }')
    const reasons = async (): Promise<string> => only(await stage.run({ pipeline: 'p' })).reasons.join('; ')
    await reasons()
    assert.match(await reasons(), /^unchanged/)
    stage.write('lib/helper.py', 'one = 2')
    assert.match(await reasons(), /^code: lib\/helper\.py changed \(\w{7} → \w{7}\)$/)
    stage.write('uv.lock', 'version = 1')
    assert.equal(await reasons(), 'environment: uv.lock is new')
    process.env['DEVMLOPS_TEST_MODE'] = 'fast'
    assert.equal(await reasons(), 'environment: $DEVMLOPS_TEST_MODE changed')
    stage.setPipelines(
      'p: { steps: { a: { run: "cat lib/train.py lib/helper.py", environment: [DEVMLOPS_TEST_MODE] } } }',
    )
    assert.match(await reasons(), /^code: command changed/)
    stage.setPipelines(
      'p: { steps: { a: { run: "cat lib/train.py", code: [lib/helper.py], cache: false } } }',
    )
    assert.equal(await reasons(), 'it has cache: false')
  })

  it('fail with the exit code and the last lines', async () => {
    stage.setPipelines(`p: { steps: { a: { run: 'echo working; echo "no such column" >&2; exit 7' } } }`)
    const { failure } = only(await stage.run({ pipeline: 'p' }))
    assert.equal(failure?.message, 'The command ended with exit code 7.')
    assert.deepEqual(failure?.lastLines?.toSorted(), ['no such column', 'working'])
  })

  it('fail when an output is missing, half written or not what it says', async () => {
    const failureOf = async (run: string, file: string): Promise<string> => {
      stage.setPipelines(`p: { steps: { a: { run: '${run}', outputs: { out: ${file} } } } }`)
      return only(await stage.run({ pipeline: 'p' })).failure?.message ?? 'none'
    }
    assert.match(await failureOf('true', 'model.onnx'), /did not write its output "out"/)
    assert.match(
      await failureOf('printf PAR1xx > $DEVMLOPS_OUTPUT_OUT', 't.parquet'),
      /not a whole Parquet file/,
    )
    assert.match(await failureOf('echo "{" > $DEVMLOPS_OUTPUT_OUT', 'm.json'), /is not JSON/)
    assert.match(await failureOf('true', 'plots/'), /is empty/)
  })

  it('print 200 MB without filling disk or memory, and keep both ends', async () => {
    stage.setPipelines(
      `p: { steps: { a: { run: 'echo first; yes 0123456789abcdef | head -c 200000000; echo; echo last; exit 1' } } }`,
    )
    const before = process.memoryUsage().rss
    const run = await stage.run({ pipeline: 'p' })
    const grown = process.memoryUsage().rss - before
    const log = join(stage.platform.config.home, 'pipeline-logs', run.id, 'a.1.log')
    assert.ok(statSync(log).size < 11 * 1024 * 1024, `${statSync(log).size} bytes`)
    assert.ok(grown < 150e6, `grew by ${grown} bytes`)
    const text = readFileSync(log, 'utf8')
    assert.ok(text.startsWith('first\n') && text.endsWith('last\n') && /bytes are left out here/.test(text))
    assert.equal(only(run).failure?.lastLines?.at(-1), 'last')
  })

  it('end with all their children when the time is over', async () => {
    stage.setPipelines(
      `p: { steps: { a: { run: 'sh -c "echo \\$\\$ > child.pid; sleep 60" & wait', timeout: 300ms } } }`,
    )
    const run = await stage.run({ pipeline: 'p' })
    assert.equal(only(run).failure?.code, 'timed_out')
    const pid = Number(readFileSync(join(stage.directory, 'child.pid'), 'utf8'))
    assert.ok(pid > 1)
    while (isProcessAlive(pid)) await pause(10)
  })
})
