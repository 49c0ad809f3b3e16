import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRunOrder } from './run-order.ts'

describe('the order of runs', () => {
  it('is written as in MLflow', () => {
    const cases = [
      ['metrics.roc_auc desc', { by: { metric: 'roc_auc' }, descending: true }],
      ['metric.a.b', { by: { metric: 'a.b' }, descending: false }],
      ['params."learning rate" ASC', { by: { param: 'learning rate' }, descending: false }],
      ['tags.`mlflow.user` DESC', { by: { tag: 'mlflow.user' }, descending: true }],
      ['start_time desc', { by: { attribute: 'start_time' }, descending: true }],
      ['attributes.end_time', { by: { attribute: 'end_time' }, descending: false }],
      ['Created', { by: { attribute: 'start_time' }, descending: false }],
    ] as const
    for (const [text, order] of cases) assert.deepEqual(parseRunOrder(text), order, text)
  })

  it('is refused with the nearest name when it names nothing', () => {
    assert.throws(() => parseRunOrder('start_tme desc'), {
      code: 'invalid_input',
      hint: 'Did you mean "start_time"?',
    })
    assert.throws(() => parseRunOrder('metricz.x'), { code: 'invalid_input' })
    assert.throws(() => parseRunOrder(''), { code: 'invalid_input' })
  })
})
