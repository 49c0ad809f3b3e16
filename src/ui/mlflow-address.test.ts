import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressForMlflow } from './mlflow-address.ts'

test("the addresses that MLflow's clients print lead to our pages", () => {
  for (const [hash, address] of [
    ['#/experiments/1/runs/4f0', '/runs/4f0'],
    ['#/experiments/1/runs/4f0/artifacts', '/runs/4f0'],
    ['#/experiments/1', '/runs'],
    ['#/experiments/1/models/m-1', '/runs'],
    ['#/models/re%20turns/versions/3', '/models/re%20turns/versions/3'],
    ['#/models/returns', '/models/returns'],
    ['#/models', '/models'],
    ['', undefined],
    ['#notes', undefined],
    ['#/%E0', undefined],
  ] as const) {
    assert.equal(addressForMlflow(hash), address, hash)
  }
})
