import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeRule } from '../realized-performance.ts'
import { performanceRuleSchema } from '../settings.ts'
import { levelsOfRule } from './rule-levels.ts'

const levels = (rule: object): number[] =>
  levelsOfRule(describeRule(performanceRuleSchema.parse(rule)))
    .filter(({ kind }) => kind === 'threshold')
    .map(({ value }) => value)

test('the thresholds of every kind of rule are drawn from the words of the rule', () => {
  assert.deepEqual(levels({ metric: 'roc_auc', at_least: 0.6 }), [0.6])
  assert.deepEqual(levels({ metric: 'log_loss', at_most: 0.5 }), [0.5])
  assert.deepEqual(levels({ metric: 'calibration_gap', within: 0.05 }), [0.05, -0.05])
})

test('a rule against the evaluation names no level of its own', () => {
  assert.deepEqual(levels({ metric: 'roc_auc', worse_than_reference_by: 0.02 }), [])
})
