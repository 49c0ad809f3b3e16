import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRunOrders } from './run-order.ts'

describe('the order of runs', () => {
  it('is written as in MLflow', () => {
    const cases = [
      ['metrics.roc_auc desc', { kind: 'metric', key: 'roc_auc' }, true],
      ['metric.a.b', { kind: 'metric', key: 'a.b' }, false],
      ['params."learning rate" ASC', { kind: 'param', key: 'learning rate' }, false],
      ['tags.`mlflow.user` DESC', { kind: 'tag', key: 'mlflow.user' }, true],
      ['start_time desc', { kind: 'time', key: 'start_time' }, true],
      ['attributes.end_time', { kind: 'time', key: 'end_time' }, false],
      ['Created', { kind: 'time', key: 'start_time' }, false],
      [' artifact_uri ', { kind: 'text', key: 'artifact_uri' }, false],
    ] as const
    for (const [text, field, descending] of cases) {
      assert.deepEqual(parseRunOrders([text]), [{ field, descending }], text)
    }
  })

  it('is refused with the nearest name when it names nothing', () => {
    assert.throws(() => parseRunOrders(['start_tme desc']), {
      code: 'invalid_input',
      hint: 'Did you mean "start_time"?',
    })
    const wrong = [
      'metricz.x',
      '',
      'metrics.x down',
      'metrics.x desc desc',
      'dataset.name',
      'metrics."" desc',
      'a-b',
    ]
    for (const text of wrong) assert.throws(() => parseRunOrders([text]), { code: 'invalid_input' }, text)
  })

  it('names a field once, and a bounded number of them', () => {
    assert.throws(() => parseRunOrders(['created', 'start_time desc']), { message: /duplicate fields/ })
    const many = Array.from({ length: 31 }, (_, index) => `metrics.m${index}`)
    assert.throws(() => parseRunOrders(many), { code: 'invalid_input' })
    assert.equal(parseRunOrders(many.slice(1)).length, 30)
  })
})
