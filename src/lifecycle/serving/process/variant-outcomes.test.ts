import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeModel, floatTensor, int64Tensor, integer, node, value } from '#platform/onnx/index'
import { readOutcomes } from '../prediction-log/outcomes.ts'
import { flightRow, flightVariant, runProcess } from './fixtures/running-process.ts'
import { flightSignature, memoryFiles } from './fixtures/small-models.ts'

/** Looks the hour up in a table of ten: onnxruntime refuses an index beyond it, as a model does that meets what it never saw. */
function brittleModel(): Uint8Array {
  return encodeModel({
    irVersion: 8,
    producerName: 'test',
    opsetImport: [{ version: 17 }],
    metadataProps: [],
    graph: {
      name: 'brittle',
      docString: '',
      node: [
        node({ type: 'Cast' }, { inputs: ['hour'], outputs: ['index'] }, { to: integer(7) }),
        node({ type: 'Gather' }, { inputs: ['table', 'index'], outputs: ['found'] }),
        node({ type: 'Reshape' }, { inputs: ['found', 'flat'], outputs: ['probability'] }),
        node({ type: 'Cast' }, { inputs: ['probability'], outputs: ['label'] }, { to: integer(7) }),
      ],
      initializer: [floatTensor('table', [10], Array(10).fill(0.5)), int64Tensor('flat', [1], [-1])],
      input: flightSignature.inputs.map(({ name, type }) =>
        value(name, type === 'string' ? 'string' : 'float', ['N', 1]),
      ),
      output: [value('probability', 'float', ['N']), value('label', 'int64', ['N'])],
    },
  })
}

test('counts per variant what its own model failed, also where one request went to both, over a restart', async (t) => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'outcomes-process-'))
  t.after(() => rm(stateDirectory, { recursive: true, force: true }))
  const files = memoryFiles()
  const first = await runProcess(t, { stateDirectory, files })
  const canary = {
    ...flightVariant(files, { version: 2, name: 'canary', weight: 50 }),
    files: files.add(brittleModel()),
  }
  const variants = [flightVariant(files, { version: 1, weight: 50 }), canary]
  const accepted = await first.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
  assert.equal(accepted.status, 200, accepted.text)
  const ask = (row: object, id: string) =>
    first.send('POST', '/deployments/flights/predict', { rows: [row], ids: [id] })
  const statuses: number[] = []
  for (let request = 0; request < 40; request++) {
    statuses.push((await ask({ ...flightRow, hour: request % 2 === 0 ? 9 : 15 }, `r${request}`)).status)
  }
  // What the signature refuses is told apart from what the model failed.
  assert.equal((await ask({ ...flightRow, hour: 'noon' }, 'wrong')).status, 400)
  const failures = statuses.filter((status) => status === 500).length
  assert.ok(failures > 3 && statuses.every((status) => status === 200 || status === 500), statuses.join())

  const many = await first.send('POST', '/deployments/flights/predict', {
    rows: Array.from({ length: 20 }, () => ({ ...flightRow, hour: 15 })),
    ids: Array.from({ length: 20 }, (_, row) => `many${row}`),
  })
  assert.equal(many.status, 500)
  await first.process.close()
  const second = await runProcess(t, { stateDirectory, files })
  assert.equal(
    (await second.send('POST', '/deployments/flights/predict', { rows: [flightRow], ids: ['r0'] })).status,
    200,
  )
  await second.process.close()
  const lines = (await readOutcomes(stateDirectory))?.variants ?? []
  const sum = (variant: string, of: 'answered' | 'failed' | 'refused') =>
    lines.filter((line) => line.variant === variant).reduce((total, line) => total + line[of], 0)
  assert.deepEqual([sum('champion', 'failed'), sum('canary', 'failed')], [0, failures + 1])
  assert.equal(sum('champion', 'refused') + sum('canary', 'refused'), 1)
  assert.equal(sum('champion', 'answered') + sum('canary', 'answered'), 40 - failures + 1)
})
