import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flightRow, flightVariant, runProcess } from './fixtures/running-process.ts'
import { flightProbability } from './fixtures/small-models.ts'

test('answers with more models than memory has room for, and refuses what would have to stay beside the rest', async (t) => {
  const running = await runProcess(t)
  const deployment = (name: string, version: number, load: 'always' | 'on_demand') => ({
    name,
    variants: [{ ...flightVariant(running.files, { version }), load }],
  })
  const rare = [1, 2, 3].map((version) => deployment(`rare-${version}`, version, 'on_demand'))
  // Each is taken to hold half a mebibyte at least, and twice as much at most: one fits, three do not.
  const memoryBudgetBytes = 1_400_000
  const accepted = await running.putPlan({ revision: 1, memoryBudgetBytes, deployments: rare })
  assert.equal(accepted.status, 200, accepted.text)
  const ask = async (version: number): Promise<void> => {
    const reply = await running.send('POST', `/deployments/rare-${version}/predict`, { rows: [flightRow] })
    assert.equal(reply.status, 200, reply.text)
    const { predictions } = reply.json as { predictions: { probability: number }[] }
    assert.ok(Math.abs((predictions[0]?.probability ?? 0) - flightProbability(version, flightRow)) < 1e-6)
  }
  for (const version of [1, 2, 3, 1, 3, 2]) await ask(version)
  await Promise.all([1, 2, 3, 1, 2, 3].map(ask))
  const { text } = await running.send('GET', '/metrics')
  assert.match(text, /^devmlops_models_loaded [12]$/m)

  const staying = [4, 5, 6].map((version) => deployment(`often-${version}`, version, 'always'))
  const refused = await running.putPlan({
    revision: 2,
    memoryBudgetBytes,
    deployments: [...rare, ...staying],
  })
  assert.equal(refused.status, 409)
  assert.match(
    refused.text,
    /deployment often-\d, variant champion: flights v\d needs about [\d.]+.B of memory/,
  )
  assert.match(refused.text, /Raise serving\.memory_budget/)
  for (const version of [1, 2, 3]) await ask(version)
})
