import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fromStored, isLater, toStored } from './metric-value.ts'

describe('a stored metric value', () => {
  it('brings NaN back as NaN, and infinity as the largest double, as MLflow does', () => {
    const through = (value: number): number => fromStored(toStored({ value, timestamp: 0, step: 0 }))
    assert.ok(Number.isNaN(through(Number.NaN)))
    assert.equal(through(Number.POSITIVE_INFINITY), 1.7976931348623157e308)
    assert.equal(through(Number.NEGATIVE_INFINITY), -1.7976931348623157e308)
    for (const value of [0.1 + 0.2, 5e-324, -1e300, 0]) assert.equal(through(value), value)
    assert.ok(Object.is(through(-0), 0))
  })

  it('is later by step first, then by timestamp, then by value', () => {
    const point = (step: number, timestamp: number, value: number) => toStored({ value, timestamp, step })
    assert.ok(isLater(point(2, 1, 0), point(1, 9, 9)))
    assert.ok(isLater(point(1, 2, 0), point(1, 1, 9)))
    assert.ok(isLater(point(1, 1, 2), point(1, 1, 1)))
    assert.ok(!isLater(point(1, 1, 1), point(1, 1, 1)))
    assert.ok(isLater(point(0, 0, 0), point(-1, 5, 5)))
  })
})
