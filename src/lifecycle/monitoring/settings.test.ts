import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { monitorsSchema } from './settings.ts'
import { monitorsSection } from './section.ts'

test('reads the section as people write it', () => {
  const section = monitorsSchema.parse(
    parse(`
flight-delays:
  window: 7d
  drift: { columns: all, threshold: 0.1, minimum_rows: 500, for: 1 }
  performance:
    - { metric: calibration_gap, within: 0.05, minimum_labels: 500, for: 3 }
    - { metric: roc_auc, at_least: 0.6, for: 2 }
    - { metric: log_loss, worse_than_reference_by: 0.03 }
  retraining: { pipeline: train, when: [performance], unless_firing: [drift], cool_down: 28d }
  canary: { metric: log_loss, margin: 0.02, minimum_labels: 2000 }
`),
  )
  const monitor = section['flight-delays']
  assert.equal(monitor?.window, 604_800_000)
  assert.equal(monitor.retraining?.cool_down, 28 * 86_400_000)
  assert.deepEqual(
    monitor.performance.map((rule) => [rule.metric, rule.for, rule.judge, rule.minimum_labels]),
    [
      ['calibration_gap', 3, 'interval', 500],
      ['roc_auc', 2, 'interval', 200],
      ['log_loss', 1, 'interval', 200],
    ],
  )
})

test('an empty monitor watches the drift of every column, week by week', () => {
  const { 'flight-delays': monitor } = monitorsSchema.parse({ 'flight-delays': {} })
  assert.equal(monitor?.window, 604_800_000)
  assert.ok(monitor.drift)
  assert.deepEqual(
    [monitor.drift.columns, monitor.drift.statistic, monitor.drift.threshold],
    ['all', 'psi', 0.1],
  )
  assert.equal(monitorsSchema.parse({ a: { drift: false } })['a']?.drift, false)
})

test('refuses a rule without a bound, with two, and with a metric that there is not', () => {
  const problems = (rule: object): string => {
    const found = monitorsSchema.safeParse({ a: { performance: [rule] } })
    return found.success ? '' : z.prettifyError(found.error)
  }
  assert.match(
    problems({ metric: 'roc_auc' }),
    /expected exactly one of at_least, at_most, within, worse_than_reference_by/,
  )
  assert.match(problems({ metric: 'roc_auc', at_least: 0.6, at_most: 0.9 }), /expected exactly one of/)
  assert.match(problems({ metric: 'auc', at_least: 0.6 }), /"roc_auc"/)
  assert.match(problems({ metric: 'roc_auc', atleast: 0.6 }), /atleast/)
})

test('gives editors a schema', () => {
  const schema = JSON.stringify(z.toJSONSchema(monitorsSchema, { io: 'input' }))
  assert.match(schema, /calibration_gap/)
  assert.match(schema, /unless_firing/)
})

/** The mistakes of a project with one deployment and one pipeline, as `place: message`. */
function issues(monitors: object): string[] {
  const parsed = monitorsSchema.parse(monitors)
  const all = {
    deployments: { 'flight-delays': {}, returns: {} },
    pipelines: { train: {} },
    monitors: parsed,
  }
  return (monitorsSection.check?.(all) ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

test('its own example is right', () => {
  assert.deepEqual(issues((parse(monitorsSection.example) as { monitors: object }).monitors), [])
})

test('takes the name of an environment of a deployment', () => {
  const deployments = { returns: { environments: { staging: {}, production: {} } } }
  const all = {
    deployments,
    pipelines: {},
    monitors: monitorsSchema.parse({ 'returns.staging': {}, 'returns.test': {} }),
  }
  assert.deepEqual(
    monitorsSection.check?.(all)?.map(({ path }) => path.join('.')),
    ['monitors.returns.test'],
  )
})

test('finds names that point at nothing, and a policy that waits for alerts which never come', () => {
  assert.deepEqual(issues({ flights: {} }), ['monitors.flights: no deployment is called "flights"'])
  assert.deepEqual(issues({ 'flight-delays': { retraining: { pipeline: 'trian' } } }), [
    'monitors.flight-delays.retraining.pipeline: no pipeline is called "trian"',
    'monitors.flight-delays.retraining.when.0: waits for performance alerts, but this monitor has no performance rules',
  ])
})
