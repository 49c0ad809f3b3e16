import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { digestOf } from '#platform/blobs/index'
import type { VariantPlan } from '../../plan.ts'
import { flightRow, flightVariant, runProcess } from '../fixtures/running-process.ts'
import { flightProbability } from '../fixtures/small-models.ts'

const probability = flightProbability(1, flightRow)
const split = { columns: Object.keys(flightRow), data: [Object.values(flightRow)] }

/** What comes of a plan whose model has these files beside it. */
async function deploy(
  t: TestContext,
  examples: Readonly<Record<string, unknown>>,
  signature?: VariantPlan['signature'],
) {
  const running = await runProcess(t)
  const variant = flightVariant(running.files, {
    version: 1,
    ...(signature === undefined ? {} : { signature }),
  })
  const more = Object.entries(examples).map(([path, document]) => {
    const bytes = Buffer.from(JSON.stringify(document))
    running.files.add(bytes)
    return { path, digest: digestOf(bytes), sizeBytes: bytes.length }
  })
  const variants = [{ ...variant, files: [...variant.files, ...more] }]
  return running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
}

describe('examples that were stored with a model', () => {
  it('are scored before it gets traffic, and give what was stored', async (t) => {
    const outputs = [{ probability, label: 1 }]
    assert.equal((await deploy(t, { 'examples.json': { rows: [flightRow], outputs } })).status, 200)
  })

  it('refuse a model that gives another score than it was stored with', async (t) => {
    const outputs = [{ probability: probability - 0.01 }]
    const reply = await deploy(t, { 'examples.json': { rows: [flightRow], outputs } })
    assert.equal(reply.status, 400)
    assert.match(
      reply.text,
      /flights v1 gives probability 0\.\d+ for example 0 of examples\.json; 0\.\d+ was stored/,
    )
  })

  it('may be rows alone, as MLflow’s clients write them', async (t) => {
    assert.equal((await deploy(t, { 'serving_input_example.json': { dataframe_split: split } })).status, 200)
    assert.equal((await deploy(t, { 'input_example.json': split })).status, 200)
  })

  it('refuse a model that gives no finite number for them', async (t) => {
    // A missing distance makes its sum, and so the chance, NaN.
    const rows = [{ ...flightRow, distance: null }]
    const optional = { ...flightVariant({ add: () => [] } as never, { version: 1 }).signature }
    const inputs = optional.inputs.map((input) => ({ ...input, required: false }))
    const reply = await deploy(t, { 'examples.json': { rows } }, { ...optional, inputs })
    assert.equal(reply.status, 400)
    assert.match(
      reply.text,
      /gives probability NaN for example 0 of examples\.json; a finite number is expected/,
    )
  })

  it('are passed over when they do not fit the signature that the model was logged with', async (t) => {
    const rows = [{ speed: 'fast' }]
    assert.equal((await deploy(t, { 'examples.json': { rows } })).status, 200)
  })
})
