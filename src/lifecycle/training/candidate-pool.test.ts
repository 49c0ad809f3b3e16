import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Frame } from '#platform/tables/frame'
import { fitCandidates } from './candidate-pool.ts'
import type { CandidateOutcome, CandidateWork } from './candidate-pool.ts'
import { shareFrame } from './shared-frame.ts'

const frame: Frame = {
  rows: 4,
  columns: {
    x: { kind: 'number', values: Float64Array.from([1, 2, 3, 4]) },
    city: { kind: 'category', codes: Int32Array.from([0, 1, 0, -1]), levels: ['a', 'b'] },
    late: { kind: 'number', values: Float64Array.from([0, 1, 1, 1]) },
    unused: { kind: 'number', values: new Float64Array(4) },
  },
}

function run(trainers: readonly string[], more: Partial<CandidateWork> = {}): Promise<CandidateOutcome[]> {
  return fitCandidates({
    data: { frame, label: 'late', features: [{ name: 'x', kind: 'number' }], task: 'binary', seed: 0 },
    candidates: trainers.map((trainer, i) => ({ name: `${trainer} ${i}`, trainer, parameters: {} })),
    concurrency: 2,
    trainersModule: import.meta.resolve('#lifecycle/training/trainers.fixture'),
    ...more,
  })
}

const errorOf = (outcome: CandidateOutcome | undefined) =>
  outcome?.status === 'failed' ? [outcome.error.code, outcome.error.message, outcome.error.hint] : undefined

test('trains candidates in threads and hands their models back in order', async () => {
  const finished: string[] = []
  const outcomes = await run(['share', 'share', 'share'], {
    onFinished: ({ candidate }) => finished.push(candidate.name),
  })
  assert.deepEqual(
    outcomes.map((outcome) => [outcome.candidate.name, outcome.status === 'trained' && outcome.model.state]),
    [
      ['share 0', 0.75],
      ['share 1', 0.75],
      ['share 2', 0.75],
    ],
  )
  assert.deepEqual(finished.toSorted(), ['share 0', 'share 1', 'share 2'])
})

test('what goes wrong with one candidate is its own outcome, down to a crash of its thread', async () => {
  const outcomes = await run(['throws', 'share', 'dies', 'shares'])
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['failed', 'trained', 'failed', 'failed'],
  )
  assert.deepEqual(errorOf(outcomes[0]), ['internal', 'a fault in the trainer', undefined])
  assert.deepEqual(errorOf(outcomes[2])?.slice(0, 2), [
    'training_failed',
    'The training thread ended with code 7 before the model was there.',
  ])
  assert.deepEqual(errorOf(outcomes[3]), [
    'invalid_input',
    'There is no trainer "shares".',
    'Did you mean "share"?',
  ])
})

test('reports progress of each candidate, and always its end', async () => {
  const last = new Map<string, number>()
  await run([], {
    candidates: [{ name: 'slow', trainer: 'share', parameters: { rounds: 5000 } }],
    onProgress: ({ name }, { iteration }) => last.set(name, iteration),
  })
  assert.deepEqual([...last], [['slow', 5000]])
})

test('stops threads that hang when it is cancelled', async () => {
  const controller = new AbortController()
  const running = run(['hangs', 'hangs', 'share'], {
    signal: controller.signal,
    concurrency: 3,
    onFinished: () => controller.abort(),
  })
  await assert.rejects(running, { code: 'cancelled' })
})

test('puts the columns that are needed on shared memory, once', () => {
  const shared = shareFrame(frame, ['x', 'city', 'gone'])
  assert.deepEqual(Object.keys(shared.columns), ['x', 'city'])
  const { x, city } = shared.columns
  assert.ok(x?.kind === 'number' && x.values.buffer instanceof SharedArrayBuffer)
  assert.ok(city?.kind === 'category' && city.codes.buffer instanceof SharedArrayBuffer)
  assert.deepEqual(Array.from(city.codes), [0, 1, 0, -1])
  assert.equal(shareFrame(shared, ['x']).columns['x'], x)
})
