import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flightRow, flightVariant, runProcess } from './fixtures/running-process.ts'
import { flightProbability } from './fixtures/small-models.ts'

test('answers the same prediction in all three protocols', async (t) => {
  const running = await runProcess(t)
  assert.equal((await running.send('GET', '/v2/health/ready')).status, 503)
  const accepted = await running.putPlan({
    revision: 1,
    deployments: [{ name: 'flights', variants: [flightVariant(running.files, { version: 1 })] }],
  })
  assert.deepEqual([accepted.status, accepted.json], [200, { revision: 1 }])
  assert.equal((await running.send('GET', '/v2/health/ready')).status, 200)
  console.log((await running.send('POST', '/deployments/flights/predict', { rows: [flightRow] })).text)
  console.log((await running.send('POST', '/invocations', { dataframe_records: [flightRow] })).text)
  console.log(
    (
      await running.send('POST', '/v2/models/flights/infer', {
        id: 'a',
        inputs: [
          { name: 'distance', shape: [1], datatype: 'INT64', data: [500] },
          { name: 'hour', shape: [1, 1], datatype: 'INT32', data: [[9]] },
          { name: 'origin', shape: [1], datatype: 'BYTES', data: ['ATL'] },
        ],
      })
    ).text,
    flightProbability(1, flightRow),
  )
  console.log((await running.send('GET', '/metrics')).text)
})
