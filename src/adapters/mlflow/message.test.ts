import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { double, flag, integer, list, message, oneOf, required, text } from './message.ts'

const point = message({ key: required(text), value: required(double), step: integer })
const batch = message({
  run_id: required(text),
  metrics: list(point),
  status: oneOf({ RUNNING: 1, FINISHED: 3 }),
  archive: flag,
})

describe('a message', () => {
  it('reads scalars in every form in which clients send them', () => {
    const read = batch.read(
      {
        run_id: 'a',
        metrics: [
          { key: 'loss', value: 0.5, step: 3 },
          { key: 'loss', value: '0.25', step: '4' },
          { key: 'loss', value: 'NaN', step: '-5' },
          { key: 'loss', value: '-Infinity', step: 6.0 },
        ],
        status: 3,
        archive: 'TRUE',
        unknown: [{ deep: true }],
      },
      '',
    )
    assert.deepEqual(read, {
      run_id: 'a',
      metrics: [
        { key: 'loss', value: 0.5, step: 3 },
        { key: 'loss', value: 0.25, step: 4 },
        { key: 'loss', value: Number.NaN, step: -5 },
        { key: 'loss', value: Number.NEGATIVE_INFINITY, step: 6 },
      ],
      status: 'FINISHED',
      archive: true,
    })
  })

  it('takes null for not set', () => {
    assert.deepEqual(batch.read({ run_id: 'a', metrics: null, status: null }, ''), { run_id: 'a' })
  })

  it('tells which value is missing, with its place', () => {
    const missing = (value: unknown, place: string): void =>
      assert.throws(() => batch.read(value, ''), {
        code: 'invalid_input',
        message: new RegExp(`^Missing value for required parameter '${place}'`),
      })
    missing({}, 'run_id')
    missing({ run_id: null }, 'run_id')
    missing({ run_id: '' }, 'run_id')
    missing({ run_id: 'a', metrics: [{ value: 1 }] }, String.raw`metrics\[0\]\.key`)
    missing({ run_id: 'a', metrics: [{ key: 'a', value: 1 }, { key: 'b' }] }, String.raw`metrics\[1\]\.value`)
  })

  it('tells which value is wrong, shortened, with its type in the words of the clients', () => {
    const wrong = (value: unknown, told: RegExp): void =>
      assert.throws(() => batch.read(value, ''), { code: 'invalid_input', message: told })
    wrong({ run_id: 5 }, /^Invalid value 5 for parameter 'run_id' supplied: {2}Hint: Value was of type 'int'/)
    wrong({ run_id: 'a', metrics: {} }, /Invalid value {} for parameter 'metrics' supplied.*'dict'/)
    wrong({ run_id: 'a', metrics: [7] }, /Invalid value 7 for parameter 'metrics\[0\]'/)
    wrong({ run_id: 'a', metrics: [null] }, /parameter 'metrics\[0\]'/)
    wrong({ run_id: 'a', metrics: [{ key: 'k', value: true }] }, /'metrics\[0\]\.value' .*'bool'/)
    wrong({ run_id: 'a', metrics: [{ key: 'k', value: 'nan' }] }, /"nan"/)
    wrong({ run_id: 'a', metrics: [{ key: 'k', value: 1, step: 1.5 }] }, /Invalid value 1.5/)
    wrong({ run_id: 'a', metrics: [{ key: 'k', value: 1, step: '9'.repeat(20) }] }, /metrics\[0\]\.step/)
    wrong({ run_id: 'a', status: 'SLEEPING' }, /"SLEEPING"/)
    wrong({ run_id: ['x'.repeat(100_000)] }, /^.{0,600}$/s)
  })

  it('is not deceived by names that objects have anyway', () => {
    assert.throws(() => batch.read(JSON.parse('{"__proto__": {"run_id": "a"}}'), ''), {
      message: /Missing value for required parameter 'run_id'/,
    })
    assert.throws(() => message({ constructor: required(text) }).read({}, ''), /'constructor'/)
  })

  it('shows a value of any depth without following it down', () => {
    let deep: unknown = []
    for (let level = 0; level < 100_000; level += 1) deep = [deep]
    assert.throws(() => batch.read({ run_id: deep }, ''), {
      code: 'invalid_input',
      message: /\[\[\[\[…\]\]\]\]|…/,
    })
  })
})
