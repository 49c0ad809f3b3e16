import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Column, Frame } from '#platform/tables/frame'
import { fitModel } from './fit-model.ts'
import type { TrainingRequest } from './fit-model.ts'
import { inferTask } from './label-column.ts'
import { trainers } from './trainers.fixture.ts'
import { featureSpecsOf } from './training-table.ts'

const [share] = trainers

const numbers = (...values: number[]): Column => ({ kind: 'number', values: Float64Array.from(values) })

function texts(...cells: string[]): Column {
  const levels = [...new Set(cells.filter((cell) => cell !== ''))]
  return { kind: 'category', levels, codes: Int32Array.from(cells, (cell) => levels.indexOf(cell)) }
}

const table = (columns: Record<string, Column>, rows = 3): Frame => ({ rows, columns })

function fit(columns: Record<string, Column>, more: Partial<TrainingRequest> = {}) {
  return fitModel(share!, {
    frame: table({ x: numbers(1, 2, 3), late: numbers(0, 1, 1), ...columns }),
    label: 'late',
    features: [{ name: 'x', kind: 'number' }],
    task: 'binary',
    parameters: {},
    seed: 0,
    ...more,
  })
}

const refuses = (message: RegExp, hint: RegExp, run: () => unknown, code = 'training_failed'): void =>
  assert.throws(run, (error: Error & { code?: string; hint?: string }) => {
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.match(error.hint ?? '', hint)
    return true
  })

test('refuses an empty table', () => {
  refuses(/no rows/, /filter/, () => fit({}, { frame: table({}, 0) }))
})

test('refuses a label that never varies, is missing, or is not 0 and 1', () => {
  refuses(/always the same \(1\)/, /both outcomes/, () => fit({ late: numbers(1, 1, 1) }))
  refuses(/is missing in row 2/, /IS NOT NULL/, () => fit({ late: numbers(0, Number.NaN, 1) }))
  refuses(/is missing in row 3/, /IS NOT NULL/, () =>
    fit({ late: texts('yes', 'no', '') }, { positive: 'yes' }),
  )
  refuses(/holds "0", "2"; .* expects 0 and 1/, /positive: 2/, () => fit({ late: numbers(0, 2, 2) }))
  refuses(/holds "late"/, /positive: late/, () => fit({ late: texts('late', 'early', 'late') }))
  refuses(/holds "a", "b", "c"; .* two values/, /SQL/, () =>
    fit({ late: texts('a', 'b', 'c') }, { positive: 'a' }),
  )
  refuses(/always the same \(yes\), never "y"/, /both outcomes/, () =>
    fit({ late: texts('yes', 'yes', 'yes') }, { positive: 'y' }),
  )
  refuses(/is Infinity in row 1/, /./, () => fit({ late: numbers(Infinity, 1, 2) }, { task: 'regression' }))
  refuses(/is text, but a regression/, /SQL/, () =>
    fit({ late: texts('a', 'b', 'c') }, { task: 'regression' }),
  )
})

test('understands labels of two values, whatever they are', () => {
  const shareOf = (late: Column, positive?: string | number | boolean) =>
    fit({ late }, positive === undefined ? {} : { positive }).state
  assert.equal(shareOf(texts('yes', 'no', 'no'), 'yes'), 1 / 3)
  assert.equal(shareOf(texts('true', 'false', 'true')), 2 / 3)
  assert.equal(shareOf(numbers(2, 1, 1), 2), 1 / 3)
  assert.equal(shareOf(numbers(1, 0, 0), true), 1 / 3)
})

test('names the column, row and way out for an infinite feature and for text declared as a number', () => {
  refuses(/"x" holds -Infinity in row 2/, /NULL/, () => fit({ x: numbers(1, -Infinity, 2) }))
  refuses(/"x" holds 1e\+300 in row 1/, /3\.4e38/, () => fit({ x: numbers(1e300, 1, 2) }))
  refuses(/"x" is text/, /TRY_CAST\(x AS DOUBLE\)/, () => fit({ x: texts('a', 'b', 'c') }))
})

test('refuses weights that are missing, negative or all zero', () => {
  refuses(/"w" is NaN in row 2/, /0 to leave it out/, () =>
    fit({ w: numbers(1, Number.NaN, 1) }, { weight: 'w' }),
  )
  refuses(/"w" is -1 in row 1/, /./, () => fit({ w: numbers(-1, 1, 1) }, { weight: 'w' }))
  refuses(/All weights in "w" are 0/, /^$/, () => fit({ w: numbers(0, 0, 0) }, { weight: 'w' }))
})

test('names the nearest column, parameter or the name that another library uses', () => {
  const columns = { features: [{ name: 'xx', kind: 'number' as const }] }
  refuses(/no column "xx"/, /Did you mean "x"/, () => fit({}, columns), 'invalid_input')
  refuses(
    /no parameter "round"/,
    /mean "rounds"/,
    () => fit({}, { parameters: { round: 2 } }),
    'invalid_input',
  )
  refuses(
    /no parameter "epochs"/,
    /mean "rounds"/,
    () => fit({}, { parameters: { epochs: 2 } }),
    'invalid_input',
  )
  refuses(/parameter rounds: .*>=1/, /^$/, () => fit({}, { parameters: { rounds: 0 } }), 'invalid_input')
})

test('refuses a feature named like an output, which would make two tensors of one name', () => {
  const label = { features: [{ name: 'label', kind: 'number' as const }] }
  refuses(
    /cannot be called "label"/,
    /Rename/,
    () => fit({ label: numbers(1, 2, 3) }, label),
    'invalid_input',
  )
})

test('warns of features that never vary, and fills in parameters', () => {
  const model = fit({ x: numbers(5, 5, 5) })
  assert.deepEqual(model.warnings, [
    'Feature "x" has the same value in every row, so no model can learn from it.',
  ])
  assert.deepEqual(model.parameters, { rounds: 1 })
})

test('says in the signature which columns may be missing', () => {
  const features = [
    { name: 'x', kind: 'number' as const },
    { name: 'city', kind: 'category' as const },
  ]
  const { signature } = fit({ x: numbers(1, Number.NaN, 3), city: texts('a', 'b', 'a') }, { features })
  assert.deepEqual(signature.inputs, [
    { name: 'x', type: 'double', required: false },
    { name: 'city', type: 'string', required: true },
  ])
  assert.deepEqual(signature.outputs, [
    { name: 'probability', type: 'float' },
    { name: 'label', type: 'long' },
  ])
})

test('guesses the task from the label and the kind of a feature from its column', () => {
  const frame = table({ x: numbers(1, 2, 3), city: texts('a', 'b', ''), late: numbers(0, 1, 1) })
  assert.equal(inferTask(frame, 'late'), 'binary')
  assert.equal(inferTask(frame, 'x'), 'regression')
  assert.equal(inferTask(frame, 'x', 3), 'binary')
  assert.equal(inferTask(frame, 'city'), 'binary')
  assert.deepEqual(
    featureSpecsOf(frame, [{ name: 'city' }, { name: 'x', kind: 'category' }, { name: 'late' }]),
    [
      { name: 'city', kind: 'category' },
      { name: 'x', kind: 'category' },
      { name: 'late', kind: 'number' },
    ],
  )
})
