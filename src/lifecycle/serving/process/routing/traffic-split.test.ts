import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOf, trafficSplit } from './traffic-split.ts'

const keys = Array.from({ length: 100_000 }, (_, index) => `customer-${index}`)

function split(canary: number) {
  return trafficSplit('flights', [
    { name: 'champion', weight: 100 - canary },
    { name: 'canary', weight: canary },
  ])
}

test('gives each variant its share of the keys', () => {
  for (const weight of [1, 5, 20, 50, 99]) {
    const toCanary = keys.filter((key) => split(weight).choose(key).name === 'canary').length
    const share = weight / 100
    const standardError = Math.sqrt((share * (1 - share)) / keys.length)
    assert.ok(
      Math.abs(toCanary / keys.length - share) < 4 * standardError,
      `${toCanary} of ${keys.length} at ${weight} %`,
    )
  }
})

test('spreads keys evenly over buckets, by a chi-squared test with 99 degrees of freedom', () => {
  for (const name of ['customer-', '', '00000000', 'ключ']) {
    const counts = new Float64Array(100)
    for (let index = 0; index < 100_000; index++) {
      const bucket = Math.floor(bucketOf('flights', `${name}${index}`))
      counts[bucket] = (counts[bucket] as number) + 1
    }
    const statistic = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
    // 0.9999 quantile of chi-squared with 99 degrees of freedom.
    assert.ok(statistic < 161.3, `${statistic} for "${name}"`)
  }
})

test('keeps every key of a canary that grows, and takes from the champion only', () => {
  for (const key of keys.slice(0, 10_000)) {
    if (split(5).choose(key).name === 'canary') assert.equal(split(20).choose(key).name, 'canary')
    if (split(20).choose(key).name === 'champion') assert.equal(split(5).choose(key).name, 'champion')
  }
})

test('draws different keys for different deployments', () => {
  const other = trafficSplit('trains', [
    { name: 'champion', weight: 50 },
    { name: 'canary', weight: 50 },
  ])
  const agree = keys
    .slice(0, 10_000)
    .filter((key) => other.choose(key).name === split(50).choose(key).name).length
  assert.ok(Math.abs(agree - 5000) < 200, `${agree} of 10000 keys agree`)
})

test('never chooses a variant without weight', () => {
  assert.ok(keys.every((key) => split(0).choose(key).name === 'champion'))
  assert.ok(keys.every((key) => split(100).choose(key).name === 'canary'))
})
