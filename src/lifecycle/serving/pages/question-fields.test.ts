import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldAt, typedRow, typedText, type QuestionField } from './question-fields.ts'

const field = (name: string, type: QuestionField['type'], shape?: number[]): QuestionField => ({
  name,
  type,
  required: false,
  ...(shape === undefined ? {} : { shape }),
})
const inputs = [
  field('distance', 'double'),
  field('gate', 'string'),
  field('late', 'boolean'),
  field('image', 'float', [2]),
]

test('sends what was typed as the type of its field, and leaves out what is empty', () => {
  assert.deepEqual(typedRow(inputs, { distance: '719', gate: '12', late: 'true', image: '[1, 2]' }), {
    distance: 719,
    gate: '12',
    late: true,
    image: [1, 2],
  })
  assert.deepEqual(typedRow(inputs, { distance: '', gate: '' }), {})
  const required = { ...field('origin', 'string'), required: true }
  assert.deepEqual(typedRow([required], { origin: '' }), { origin: '' }, 'a text that is not known')
})

test('sends what does not fit as it is, so that the endpoint says what it expects', () => {
  assert.deepEqual(typedRow(inputs, { distance: 'far', late: 'maybe', image: '[1,' }), {
    distance: 'far',
    late: 'maybe',
    image: '[1,',
  })
})

test('shows an example as it is typed, and an error at its field', () => {
  assert.deepEqual([719, 'BOS', false, [1, 2], null].map(typedText), ['719', 'BOS', 'false', '[1,2]', ''])
  assert.equal(fieldAt('rows[0].distance', inputs), 'distance')
  assert.equal(fieldAt('rows', inputs), undefined)
  assert.equal(fieldAt(undefined, inputs), undefined)
})
