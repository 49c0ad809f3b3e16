import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RowBatch, ScoredRows } from '../../model-runtime-point.ts'
import { BatchQueue } from './batch-queue.ts'

/** Doubles the first number of each row, and keeps what it was asked. */
function doublingModel(refuse: (batch: RowBatch) => boolean = () => false) {
  const asked: number[] = []
  return {
    asked,
    score: async (batch: RowBatch): Promise<ScoredRows> => {
      asked.push(batch.rows)
      await sleep(5)
      if (refuse(batch)) throw new Error('the model fails')
      return {
        rows: batch.rows,
        outputs: [{ width: 1, values: batch.numbers.slice(0, batch.rows).map((value) => value * 2) }],
      }
    },
  }
}

function queueOf(model: ReturnType<typeof doublingModel>, batchRows = 100): BatchQueue {
  return new BatchQueue({ model, parallelBatches: 1, batchRows, onBatch: () => undefined })
}

async function scoreValues(queue: BatchQueue, values: readonly number[], limit = 1000): Promise<number[]> {
  const batch = {
    rows: values.length,
    numbers: new Float64Array([...values, ...values]),
    texts: [values.map(String)],
  }
  const { outputs, offset, rows } = await queue.score(batch, limit)
  return Array.from(outputs[0]?.values.slice(offset, offset + rows) ?? [], Number)
}

test('scores together what waits together, and gives each request its own rows', async () => {
  const model = doublingModel()
  const queue = queueOf(model)
  const first = [scoreValues(queue, [1]), scoreValues(queue, [2, 3]), scoreValues(queue, [4])]
  while (model.asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
  // These wait while the first batch is scored, and then go as one.
  const second = [scoreValues(queue, [5]), scoreValues(queue, [6])]
  assert.deepEqual(await Promise.all([...first, ...second]), [[2], [4, 6], [8], [10], [12]])
  assert.deepEqual(model.asked, [4, 2])
})

test('joins up to its number of rows and takes a larger request as it is', async () => {
  const model = doublingModel()
  const queue = queueOf(model, 3)
  await Promise.all([
    scoreValues(queue, [1, 2]),
    scoreValues(queue, [3, 4]),
    scoreValues(queue, [1, 2, 3, 4, 5]),
    scoreValues(queue, [6]),
  ])
  assert.deepEqual(model.asked, [2, 2, 5, 1])
})

test('lets one request that fails not fail the others in its batch', async () => {
  const queue = queueOf(doublingModel((batch) => batch.numbers.includes(13)))
  const results = await Promise.allSettled([
    scoreValues(queue, [1]),
    scoreValues(queue, [13]),
    scoreValues(queue, [2]),
  ])
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})

test('turns requests away when too many rows wait', async () => {
  const queue = queueOf(doublingModel())
  const waiting = scoreValues(queue, [1, 2, 3], 4)
  await assert.rejects(scoreValues(queue, [4, 5], 4), { code: 'rate_limited', message: /3 rows wait/ })
  assert.deepEqual(await waiting, [2, 4, 6])
  assert.deepEqual(await scoreValues(queue, [4, 5], 4), [8, 10])
})
