import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowSchema } from '../rows/row-schema.ts'
import type { RowExplanation } from './explain-rows.ts'
import { contributionsOf, reasonCodes } from './reasons.ts'

const { fields } = rowSchema({
  inputs: [
    { name: 'distance', type: 'long', required: true },
    { name: 'takeoff', type: 'datetime', required: true },
    { name: 'weekend', type: 'boolean', required: false },
    { name: 'gate', type: 'string', required: false },
    { name: 'load', type: 'double', required: false },
  ],
  outputs: [],
})

const explanation: RowExplanation = {
  method: 'tree_shap',
  scale: 'log_odds',
  comparedWith: 'training_data',
  score: 0.5,
  raw: 0,
  base: -0.35,
  contributions: Float64Array.of(0.4, -0.2, 0.1, 0.05, 0),
  standardErrors: undefined,
  additivityError: 0,
  permutations: undefined,
  place: 0,
  label: 'late',
}
const batch = {
  rows: 1,
  numbers: Float64Array.of(2475, Date.UTC(2026, 4, 1, 9, 30), 1, Number.NaN),
  texts: [['']],
}

function reasonsOf(given: Partial<RowExplanation>, isChance: boolean): string[] {
  const of = { batch, fields, codes: reasonCodes(fields), isChance }
  return contributionsOf({ ...explanation, ...given }, 0, of).map(({ reason }) => reason)
}

test('says numbers, dates, booleans and missing values in words, and what each did to the chance', () => {
  assert.deepEqual(reasonsOf({}, true), [
    'distance 2,475 raised the chance of late by 9.9 points',
    'takeoff 2026-05-01 09:30 lowered the chance of late by 5.0 points',
    'weekend true raised the chance of late by 2.5 points',
    'gate missing raised the chance of late by 1.2 points',
    'load missing changed nothing',
  ])
})

test('says of a number that is predicted how much higher or lower it is', () => {
  const [first, second] = reasonsOf({ scale: 'output', label: undefined, raw: 31.2 }, false)
  assert.equal(first, 'distance 2,475 raised the prediction by 0.4')
  assert.equal(second, 'takeoff 2026-05-01 09:30 lowered the prediction by 0.2')
})

test('gives each field a code of its own that stays the same', () => {
  const named = (...names: string[]) => reasonCodes(names.map((name) => ({ name })))
  assert.deepEqual(named('flightTime', 'flight time', 'größe (cm)', '%'), [
    'FLIGHT_TIME',
    'FLIGHT_TIME_2',
    'GRÖSSE_CM',
    '_1',
  ])
})
