import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RowBatch, ScoredRows } from '../../model-runtime-point.ts'
import { BatchQueue, unlimitedQueue, type QueueLimits, type QueueTerms } from './batch-queue.ts'

interface Behaviour {
  readonly refuse?: (batch: RowBatch) => boolean
  readonly delayMs?: (batch: RowBatch) => number
}

/** Doubles the first number of each row, and keeps what it was asked. */
function doublingModel({ refuse = () => false, delayMs = () => 5 }: Behaviour = {}) {
  const asked: number[] = []
  const values: number[] = []
  return {
    asked,
    values,
    score: async (batch: RowBatch): Promise<ScoredRows> => {
      asked.push(batch.rows)
      values.push(...batch.numbers.slice(0, batch.rows))
      await sleep(delayMs(batch))
      if (refuse(batch)) throw new Error('the model fails')
      return {
        rows: batch.rows,
        outputs: [{ width: 1, values: batch.numbers.slice(0, batch.rows).map((value) => value * 2) }],
      }
    },
  }
}

function queueOf(model: ReturnType<typeof doublingModel>, batchRows = 100, hangingMs = 1000): BatchQueue {
  return new BatchQueue({ model, parallelBatches: 1, batchRows, hangingMs, onBatch: () => undefined })
}

type Asked = Partial<QueueLimits & QueueTerms>

async function scoreValues(
  queue: BatchQueue,
  values: readonly number[],
  asked: Asked = {},
): Promise<number[]> {
  const batch = {
    rows: values.length,
    numbers: new Float64Array([...values, ...values]),
    texts: [values.map(String)],
  }
  const terms = { startedAt: performance.now(), priority: 0, deadlineAt: undefined, ...asked }
  const { outputs, offset, rows } = await queue.score(batch, { ...unlimitedQueue, ...asked }, terms)
  return Array.from(outputs[0]?.values.slice(offset, offset + rows) ?? [], Number)
}

async function untilAsked(model: ReturnType<typeof doublingModel>, batches = 1): Promise<void> {
  while (model.asked.length < batches) await new Promise((resolve) => setImmediate(resolve))
}

test('scores together what waits together, and gives each request its own rows', async () => {
  const model = doublingModel()
  const queue = queueOf(model)
  const first = [scoreValues(queue, [1]), scoreValues(queue, [2, 3]), scoreValues(queue, [4])]
  await untilAsked(model)
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

test('finds the one request that fails among many with few calls, and answers all others', async () => {
  const model = doublingModel({ refuse: (batch) => batch.numbers.includes(13), delayMs: () => 0 })
  const queue = queueOf(model, 1000)
  const results = await Promise.allSettled(
    Array.from({ length: 256 }, (_, index) => scoreValues(queue, [index])),
  )
  assert.deepEqual(
    results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : [])),
    [13],
  )
  assert.ok(model.asked.length <= 1 + 2 * 8, `${model.asked.length} calls`)
})

test('turns requests away when too many rows or requests wait', async () => {
  const model = doublingModel()
  const queue = queueOf(model)
  const inModel = scoreValues(queue, [0])
  await untilAsked(model)
  const waiting = scoreValues(queue, [1, 2, 3])
  const full = { code: 'rate_limited', reason: 'queue_full', message: /1 requests with 3 rows wait/ }
  await assert.rejects(scoreValues(queue, [4, 5], { queuedRows: 4 }), full)
  await assert.rejects(scoreValues(queue, [4], { queuedRequests: 1 }), full)
  assert.deepEqual(await Promise.all([inModel, waiting]), [[0], [2, 4, 6]])
  assert.deepEqual(await scoreValues(queue, [4, 5], { queuedRows: 1 }), [8, 10])
})

test('tells a request at once that it would wait too long, by what batches took lately', async () => {
  const model = doublingModel({ delayMs: () => 40 })
  const queue = queueOf(model, 1)
  for (let index = 0; index < 3; index++) await scoreValues(queue, [index])
  const before = model.asked.length
  const waiting = Array.from({ length: 10 }, (_, index) => scoreValues(queue, [index]))
  await untilAsked(model, before + 1)
  await assert.rejects(scoreValues(queue, [99], { waitMs: 100 }), (error: Error & { headers?: object }) => {
    assert.equal((error as unknown as { code: string }).code, 'overloaded')
    assert.match(JSON.stringify(error.headers), /"retry-after":"\d+"/)
    return true
  })
  await assert.rejects(scoreValues(queue, [99], { deadlineAt: performance.now() + 60 }), {
    code: 'overloaded',
  })
  assert.equal((await Promise.all(waiting)).length, 10)
  assert.ok(!model.values.includes(99))
})

test('expects what does not come back to take as long again', async () => {
  const model = doublingModel({ delayMs: (batch) => (batch.numbers[0] === 7 ? 400 : 1) })
  const queue = queueOf(model, 100, 80)
  await scoreValues(queue, [1])
  const hanging = scoreValues(queue, [7])
  await sleep(100)
  await assert.rejects(scoreValues(queue, [2], { waitMs: 50 }), { code: 'overloaded' })
  await hanging
  assert.deepEqual(await scoreValues(queue, [2], { waitMs: 50 }), [4])
})

test('does not score what nobody waits for any more, and answers it when its time is over', async () => {
  const model = doublingModel({ delayMs: () => 150 })
  const queue = queueOf(model)
  const first = scoreValues(queue, [1])
  await untilAsked(model)
  const connection = { destroyed: false }
  const late = scoreValues(queue, [2], { deadlineAt: performance.now() + 30 })
  const gone = scoreValues(queue, [3], { connection })
  const kept = scoreValues(queue, [4])
  connection.destroyed = true
  await assert.rejects(late, { code: 'timed_out' })
  await assert.rejects(gone, { code: 'cancelled' })
  assert.equal(queue.waitingRows, 1)
  assert.deepEqual(await Promise.all([first, kept]), [[2], [8]])
  assert.deepEqual(model.values, [1, 4])
})

test('answers a request whose model does not come back when its time is over', async () => {
  const queue = queueOf(doublingModel({ delayMs: () => 500 }))
  await assert.rejects(scoreValues(queue, [1], { timeoutMs: 60 }), { code: 'timed_out' })
  await assert.rejects(scoreValues(queue, [1], { startedAt: performance.now() - 100, timeoutMs: 60 }), {
    code: 'timed_out',
  })
})

test('takes high priorities first, and the default after all that have one', async () => {
  const model = doublingModel()
  const queue = queueOf(model, 1)
  const first = scoreValues(queue, [0])
  await untilAsked(model)
  const priorities = [0, 7, 1, 3, 0, 1]
  await Promise.all([
    first,
    ...priorities.map((priority, index) => scoreValues(queue, [index + 1], { priority })),
  ])
  assert.deepEqual(model.values, [0, 3, 6, 4, 2, 1, 5])
})

test('does not let high priorities starve the others', async () => {
  const model = doublingModel({ delayMs: () => 20 })
  const queue = queueOf(model, 1)
  let low: number | undefined
  void scoreValues(queue, [1], { priority: 3 }).then(() => (low = model.asked.length))
  const endsAt = performance.now() + 600
  const urgent: Promise<unknown>[] = []
  while (performance.now() < endsAt) {
    // More than the model can do, for much longer than the hundred milliseconds that priority 3 stands back.
    urgent.push(scoreValues(queue, [2], { priority: 1 }), scoreValues(queue, [2], { priority: 1 }))
    await sleep(20)
  }
  const mid = model.asked.length
  await Promise.all(urgent)
  assert.ok(low !== undefined && low < mid, `answered after ${low} of ${mid} batches`)
})

test('joins fields of several values and exact integers', async () => {
  const asked: RowBatch[] = []
  const queue = new BatchQueue({
    model: {
      score: async (batch) => {
        asked.push(batch)
        return { rows: batch.rows, outputs: [] }
      },
    },
    parallelBatches: 1,
    batchRows: 100,
    onBatch: () => undefined,
  })
  const terms = { startedAt: performance.now(), priority: 0, deadlineAt: undefined }
  const widths = [2, 1]
  const big = 2n ** 60n + 1n
  await Promise.all([
    queue.score(
      {
        rows: 2,
        numbers: new Float64Array([1, 2, 3, 4, Number(big), 6]),
        texts: [],
        widths,
        longs: new Map([[1, new BigInt64Array([big, 6n])]]),
      },
      unlimitedQueue,
      terms,
    ),
    queue.score({ rows: 1, numbers: new Float64Array([5, 6, 9]), texts: [], widths }, unlimitedQueue, terms),
  ])
  assert.equal(asked.length, 1)
  assert.deepEqual([...(asked[0]?.numbers ?? [])], [1, 2, 3, 4, 5, 6, Number(big), 6, 9])
  assert.deepEqual(asked[0]?.widths, widths)
  assert.deepEqual([...(asked[0]?.longs?.get(1) ?? [])], [big, 6n, 9n])
})

test('keeps a model busy at three times what it can take, and lets nobody wait long who is let in', async () => {
  let busyMs = 0
  const model = {
    score: async (batch: RowBatch): Promise<ScoredRows> => {
      const startedAt = performance.now()
      await sleep(10)
      busyMs += performance.now() - startedAt
      return {
        rows: batch.rows,
        outputs: [{ width: 1, values: batch.numbers.slice(0, batch.rows) }],
        computeMs: 10,
      }
    },
  }
  const batchRows = 10
  let batches = 0
  const queue = new BatchQueue({ model, parallelBatches: 1, batchRows, onBatch: () => batches++ })
  const waits: number[] = []
  const reasons = new Set<string>()
  let refused = 0
  const beganAt = performance.now()
  const pending: Promise<void>[] = []
  // By what the model has done, not by the clock: three rows come for each that it could score.
  for (let offered = 0; offered < 3_000;) {
    for (const due = 3 * batchRows * (batches + 1); offered < due; offered++) {
      const askedAt = performance.now()
      pending.push(
        scoreValues(queue, [offered], { waitMs: 50 }).then(
          () => void waits.push(performance.now() - askedAt),
          (error: { reason?: string }) => {
            refused++
            reasons.add(String(error.reason))
          },
        ),
      )
    }
    await sleep(1)
  }
  await Promise.all(pending)
  const elapsed = performance.now() - beganAt
  waits.sort((left, right) => left - right)
  const p99 = waits[Math.floor(waits.length * 0.99)] ?? 0
  const figures = JSON.stringify({ answered: waits.length, refused, batches, p99, busyMs, elapsed })
  assert.deepEqual([...reasons], ['wait_too_long'])
  assert.ok(waits.length >= 0.8 * batches * batchRows, figures)
  assert.ok(busyMs >= 0.8 * elapsed, figures)
  assert.ok(refused >= 0.5 * 3_000, figures)
  // The limit, its own batch and what timers are late by.
  assert.ok(p99 < 5 * 50, figures)
})
