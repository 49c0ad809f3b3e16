import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { environmentVariable } from '#platform/config'
import { silentLog } from '#platform/log'
import { createPythonRuntime, type PythonRuntimeOptions } from './python-runtime.ts'
import { savedModel, saveModels, testPython } from './test-python.fixture.ts'

const python = testPython()
const skip = python === undefined ? 'no Python with mlflow; DEVMLOPS_TEST_PYTHON names one' : false
const folder = python === undefined ? '' : saveModels(python)
after(() => rmSync(folder, { recursive: true, force: true }))

const pipelineSignature: ModelSignature = {
  inputs: [
    { name: 'distance', type: 'long', required: true },
    { name: 'origin', type: 'string', required: true },
  ],
  outputs: [{ name: 'prediction', type: 'long' }],
}
const oddSignature: ModelSignature = {
  inputs: [
    { name: 'wish', type: 'string', required: true },
    { name: 'number', type: 'double', required: false },
  ],
  outputs: [{ name: 'prediction', type: 'double' }],
}

function runtime(t: TestContext, options: Partial<PythonRuntimeOptions> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'python-runtime-'))
  const created = createPythonRuntime({
    directory,
    python,
    environment: 'as-is',
    variable: environmentVariable,
    workers: 1,
    log: silentLog,
    ...options,
  })
  t.after(async () => {
    await created.close()
    const left = existsSync(join(directory, 'models')) ? readdirSync(join(directory, 'models')) : []
    assert.deepEqual(left, [], 'nothing is left of the models')
    rmSync(directory, { recursive: true, force: true })
  })
  return created
}

async function oddModel(t: TestContext, options: Partial<PythonRuntimeOptions> = {}) {
  let pids = (): readonly number[] => []
  const created = runtime(t, { ...options, onLoaded: (_label, running) => (pids = running) })
  const model = await created.load(savedModel(join(folder, 'odd'), oddSignature))
  const ask = async (wish: string, numbers = [3]) => {
    const texts = [numbers.map(() => wish)]
    const { outputs } = await model.score({ rows: numbers.length, numbers: new Float64Array(numbers), texts })
    return outputs.map(({ values }) => Array.from<number | string | bigint>(values))
  }
  return { ask, model, pids }
}

describe('models in Python', { skip }, () => {
  it('answers as the model does, with the chance besides the label', async (t) => {
    const model = await runtime(t).load(savedModel(join(folder, 'pipeline'), pipelineSignature))
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as { data: number[][] }
    assert.deepEqual(model.outputs, [
      { name: 'probability', type: 'double' },
      { name: 'label', type: 'long' },
    ])
    assert.deepEqual(model.answer, { form: 'values', columns: [['label', 'label']] })
    const { outputs } = await model.score({
      rows: 4,
      numbers: new Float64Array([100, 200, 2000, 3000]),
      texts: [['ATL', 'JFK', 'ATL', 'JFK']],
    })
    const labels = Array.from(outputs[1]?.values ?? [], Number)
    assert.deepEqual(
      labels,
      expected.data.map(([label]) => label),
    )
    for (const [row, probability] of Array.from(outputs[0]?.values ?? [], Number).entries())
      assert.ok(Math.abs(probability - (expected.data[row]?.[1] ?? 0)) < 1e-9)
  })

  it('takes tables of any columns, prints, missing values and exceptions', async (t) => {
    const { ask, model } = await oddModel(t)
    assert.deepEqual(model.outputs, [
      { name: 'told', type: 'string' },
      { name: 'half', type: 'double' },
    ])
    assert.deepEqual(await ask('nothing', [1, Number.NaN, 5]), [
      ['unset', 'unset', 'unset'],
      [0.5, Number.NaN, 2.5],
    ])
    await assert.rejects(ask('raise'), {
      code: 'invalid_input',
      message: /saved v1 cannot score this: ValueError: not like this/,
    })
    assert.deepEqual(await ask('nothing'), [['unset'], [1.5]], 'the same worker goes on')
  })

  it('takes tensors of any shape, and whole numbers of 64 bits exactly', async (t) => {
    const signature: ModelSignature = {
      inputs: [
        { name: 'pixels', type: 'float', required: true, shape: [2, 3] },
        { name: 'id', type: 'long', required: true },
      ],
      outputs: [{ name: 'prediction', type: 'double' }],
    }
    const model = await runtime(t).load(savedModel(join(folder, 'pixels'), signature))
    const ids = [2n ** 53n + 1n, -(2n ** 62n)]
    const { outputs } = await model.score({
      rows: 2,
      numbers: new Float64Array([...Array.from({ length: 12 }, (_, i) => i), ...ids.map(Number)]),
      texts: [],
      widths: [6, 1],
      longs: new Map([[1, BigInt64Array.from(ids)]]),
    })
    const named = Object.fromEntries(
      model.outputs.map(({ name }, i) => [name, [...(outputs[i]?.values ?? [])]]),
    )
    assert.deepEqual(named, { corner: [5, 11], id: ids, shape: ['(2, 3)', '(2, 3)'] })
  })

  it('has as many workers, and as much time, as the deployment says', async (t) => {
    let pids = (): readonly number[] => []
    const created = runtime(t, { onLoaded: (_label, running) => (pids = running) })
    const source = savedModel(join(folder, 'odd'), oddSignature)
    const model = await created.load({ ...source, python: { workers: 2, timeoutMs: 300 } })
    assert.equal(model.parallelBatches, 2)
    while (pids().length < 2) await sleep(20)
    const score = (wish: string) => model.score({ rows: 1, numbers: new Float64Array([1]), texts: [[wish]] })
    const before = performance.now()
    await assert.rejects(score('hang'), { code: 'timed_out' })
    assert.ok(performance.now() - before < 30_000, 'not after the sixty seconds of everybody else')
    assert.ok((model.memoryBytes?.() ?? 0) > 10_000_000)
  })

  it('lets nobody wait for a busy worker beyond its deadline, and others not at all', async (t) => {
    const created = runtime(t, { scoreTimeoutMs: 1500 })
    const slow = await created.load(savedModel(join(folder, 'odd'), oddSignature))
    const other = await created.load(savedModel(join(folder, 'odd'), oddSignature))
    const row = (wish: string) => ({ rows: 1, numbers: new Float64Array([1]), texts: [[wish]] })
    let isOver = false
    const hanging = assert.rejects(slow.score(row('hang')), { code: 'timed_out' }).then(() => (isOver = true))
    const late = assert.rejects(slow.score(row('nothing'), { deadlineAt: performance.now() + 100 }), {
      code: 'timed_out',
      message: /No worker of saved v1 was free in time/,
    })
    await other.score(row('nothing'))
    assert.equal(isOver, false, 'the other model answered while this one hung')
    await Promise.all([hanging, late])
  })

  it('runs them without the variables of this process', async (t) => {
    process.env['DEVMLOPS_TOKEN'] = 'secret'
    t.after(() => delete process.env['DEVMLOPS_TOKEN'])
    const { ask } = await oddModel(t)
    const home = environmentVariable('HOME')
    assert.deepEqual((await ask('DEVMLOPS_TOKEN'))[0], ['unset'])
    assert.notEqual((await ask('HOME'))[0]?.[0], home, 'nor in the home folder of its user')
  })

  it('loses no request to a worker that is killed', async (t) => {
    const { ask, pids } = await oddModel(t)
    const asked = Array.from({ length: 40 }, (_, index) => ask('nothing', [index]))
    const [first] = pids()
    process.kill(first ?? 0, 'SIGKILL')
    const answers = await Promise.all(asked)
    assert.deepEqual(
      answers.map(([, half]) => half?.[0]),
      Array.from({ length: 40 }, (_, index) => index / 2),
    )
    assert.notDeepEqual(pids(), [first])
  })

  it('gives up on a batch that kills every worker, and answers the next', async (t) => {
    const { ask } = await oddModel(t)
    await assert.rejects(ask('die'), { code: 'not_ready', message: /ended: exit code 3/ })
    assert.deepEqual(await ask('nothing'), [['unset'], [1.5]])
  })

  it('replaces a worker that grows, while it goes on answering', async (t) => {
    const { ask, pids } = await oddModel(t, { recycle: { calls: Infinity, grownBytes: 80_000_000 } })
    const [first] = pids()
    for (let call = 0; call < 3; call++) await ask('leak')
    while (pids().includes(first ?? 0)) {
      assert.deepEqual(await ask('nothing'), [['unset'], [1.5]])
      await sleep(50)
    }
    assert.deepEqual(await ask('nothing'), [['unset'], [1.5]])
  })

  it('ends a worker that takes too long, and replaces one that has worked enough', async (t) => {
    const { ask, pids } = await oddModel(t, {
      scoreTimeoutMs: 400,
      recycle: { calls: 3, grownBytes: Number.POSITIVE_INFINITY },
    })
    await assert.rejects(ask('hang'), { code: 'timed_out' })
    const [first] = pids()
    for (let call = 0; call < 5; call++) assert.deepEqual(await ask('nothing'), [['unset'], [1.5]])
    while (pids().includes(first ?? 0) || pids().length === 0) await ask('nothing')
    assert.deepEqual(await ask('nothing'), [['unset'], [1.5]])
  })
})

describe('a machine without what a model needs', () => {
  const source = {
    label: 'flights v1',
    signature: pipelineSignature,
    format: { python: { version: '2.7.18', mlflow: '1.30.0' } },
    paths: [],
    read: () => Promise.reject(new Error('not read')),
  }

  it('starts no program that a version names', async (t) => {
    const odd = { ...source, format: { python: { version: '/../../bin/true.1' } } }
    await assert.rejects(runtime(t, { python: '/nowhere/python' }).load(odd), {
      code: 'not_ready',
      hint: 'Point DEVMLOPS_PYTHON to a Python.',
    })
  })

  it('says that there is no Python', async (t) => {
    await assert.rejects(runtime(t, { python: '/nowhere/python' }).load(source), {
      code: 'not_ready',
      message: 'flights v1 needs Python, and DEVMLOPS_PYTHON (/nowhere/python) does not start as one.',
    })
  })

  it('says which version is there and which is needed', { skip }, async (t) => {
    await assert.rejects(runtime(t, { environment: 'build' }).load(source), {
      code: 'not_ready',
      message: /^flights v1 was logged with Python 2\.7, and this machine has another: .* is 3\./,
    })
  })
})
