import assert from 'node:assert/strict'
import { test } from 'node:test'
import { featuresOf, namedCandidates, trainStepSchema } from './contract.ts'

const step = {
  data: 'prepare.training',
  label: 'late',
  features: ['hour'],
  candidates: [{ trainer: 'majority' }],
}

test('reads features as a map or as a list with kinds where they are given', () => {
  assert.deepEqual(
    featuresOf(trainStepSchema.parse({ ...step, features: { hour: 'number', origin: 'category' } })),
    [
      { name: 'hour', kind: 'number' },
      { name: 'origin', kind: 'category' },
    ],
  )
  assert.deepEqual(
    featuresOf(trainStepSchema.parse({ ...step, features: ['hour', { name: 'day', kind: 'category' }] })),
    [{ name: 'hour' }, { name: 'day', kind: 'category' }],
  )
})

test('names candidates after their trainer, with a number where several share it', () => {
  const candidates = [
    { trainer: 'gradient-boosting' },
    { trainer: 'majority' },
    { trainer: 'gradient-boosting', parameters: { trees: 50 } },
    { trainer: 'gradient-boosting', name: 'deep' },
  ]
  assert.deepEqual(
    namedCandidates(trainStepSchema.parse({ ...step, candidates })).map(({ name }) => name),
    ['gradient-boosting-1', 'majority', 'gradient-boosting-2', 'deep'],
  )
})

test('refuses two candidates of one name', () => {
  const candidates = [
    { trainer: 'majority', name: 'base' },
    { trainer: 'mean', name: 'base' },
  ]
  assert.throws(() => namedCandidates(trainStepSchema.parse({ ...step, candidates })), {
    code: 'invalid_project',
    message: 'Two candidates are called "base".',
  })
})

test('fills in the seed and refuses fields it does not know', () => {
  assert.equal(trainStepSchema.parse(step).seed, 0)
  assert.equal(trainStepSchema.safeParse({ ...step, validate: 'x' }).success, false)
  assert.equal(trainStepSchema.safeParse({ ...step, candidates: [] }).success, false)
})
