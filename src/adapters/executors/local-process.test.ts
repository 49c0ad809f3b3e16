import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { PipelineRunDetail } from '#lifecycle/pipelines/index'
import { openStage, type StageFixture } from '#lifecycle/pipelines/stage.fixture'
import { createLocalProcessExecutor } from './local-process.ts'
import { isGroupAlive } from './process-group.ts'

const environment = { PATH: process.env['PATH'] ?? '' }

/** Zombies that nobody collects still answer to signal 0. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10)
}

describe('a command on this machine', () => {
  const executor = createLocalProcessExecutor()
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-process-'))
  after(() => rmSync(directory, { recursive: true }))
  const launch = (command: string | string[], onOutput: (chunk: Uint8Array) => void = () => undefined) =>
    executor.launch({ command, directory, environment, onOutput })

  it('tells how it ended, and gives all of its output before that', async () => {
    const chunks: Uint8Array[] = []
    const job = await launch('echo out; echo err >&2; exit 3', (chunk) => chunks.push(chunk))
    assert.deepEqual(await job.finished, { exitCode: 3, signal: undefined })
    assert.deepEqual(Buffer.concat(chunks).toString().split('\n').sort(), ['', 'err', 'out'])
    const killed = await launch('kill -9 $$')
    assert.deepEqual(await killed.finished, { exitCode: undefined, signal: 'SIGKILL' })
  })

  it('inherits nothing that it was not given, and takes arguments as they are', async () => {
    process.env['DEVMLOPS_TEST_SECRET'] = 'secret'
    const chunks: Uint8Array[] = []
    const job = await launch(['printenv', 'PATH', 'DEVMLOPS_TEST_SECRET'], (chunk) => chunks.push(chunk))
    assert.equal((await job.finished).exitCode, 1)
    assert.equal(Buffer.concat(chunks).toString(), `${environment.PATH}\n`)
  })

  it('says that there is no such program', async () => {
    await assert.rejects(launch(['no-such-program-here']), {
      code: 'step_failed',
      message: 'There is no program "no-such-program-here".',
    })
  })

  it('lets the command tidy up, and then ends all that it started', async () => {
    const tidied = join(directory, 'tidied')
    const job = await launch(
      `sh -c 'trap "echo yes > ${tidied}; exit" TERM; while :; do sleep 0.05; done' & sleep 60`,
    )
    await pause(100)
    await job.stop(5000)
    assert.equal(readFileSync(tidied, 'utf8'), 'yes\n')
    assert.equal(isGroupAlive(Number(job.handle['pid'])), false)
  })

  it('kills what ignores the request to stop', async () => {
    const job = await launch(`trap '' TERM; sh -c 'trap "" TERM; while :; do sleep 0.05; done'`)
    await pause(100)
    await job.stop(50)
    assert.equal(isGroupAlive(Number(job.handle['pid'])), false)
  })

  it('leaves nothing behind when the command is done', async () => {
    const job = await launch('sleep 60 & echo started')
    assert.equal((await job.finished).exitCode, 0)
    await until(() => !isGroupAlive(Number(job.handle['pid'])))
  })

  it('stops an orphan by its handle, and never a process that has got its number', async () => {
    const orphan = await launch('sleep 60')
    await executor.stopOrphan({ ...orphan.handle, startedAt: '1' })
    assert.equal(isGroupAlive(Number(orphan.handle['pid'])), true, 'another start time is another process')
    await executor.stopOrphan(orphan.handle)
    assert.equal((await orphan.finished).signal, 'SIGKILL')
    await executor.stopOrphan(orphan.handle)
  })
})

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
    await until(() => !isAlive(pid))
  })
})

describe('a process that is killed in the middle of a pipeline', () => {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-crash-'))
  after(() => rmSync(directory, { recursive: true }))
  const words = ['--conditions=source', join(import.meta.dirname, 'crash.fixture.ts'), directory]

  it('takes its commands with it, and the next one goes on with what is not finished', async () => {
    const victim = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] })
    await until(() => existsSync(join(directory, 'grandchild.pid')))
    await until(() => readFileSync(join(directory, 'grandchild.pid'), 'utf8').endsWith('\n'))
    const grandchild = Number(readFileSync(join(directory, 'grandchild.pid'), 'utf8'))
    assert.ok(isAlive(grandchild))
    victim.kill('SIGKILL')
    await until(() => !isAlive(grandchild))

    writeFileSync(join(directory, 'go'), '')
    const { stdout } = await promisify(execFile)(process.execPath, words)
    const run = JSON.parse(stdout) as PipelineRunDetail
    assert.equal(run.state, 'succeeded', JSON.stringify(run.failure))
    assert.deepEqual(
      run.steps.map(({ step, state, attempt }) => [step, state, attempt]),
      [
        ['one', 'succeeded', 1],
        ['two', 'succeeded', 1],
        ['three', 'succeeded', 2],
        ['four', 'succeeded', 1],
      ],
    )
    assert.equal(readFileSync(join(directory, 'ran.txt'), 'utf8'), 'one\nthree\nthree\nfour\n')
    assert.equal(run.steps[2]?.outputs[0]?.digest, run.steps[0]?.outputs[0]?.digest)
  })
})
