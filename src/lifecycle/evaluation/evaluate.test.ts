import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { Frame } from '#platform/tables/frame'
import { metricNamed } from './contract.ts'
import { evaluate, type EvaluationInput, type ReferenceModel } from './evaluate.ts'
import { overconfidentRows, regressionRows, rivalScores } from './example-rows.ts'
import { modelEvaluationSchema } from './model-evaluation.ts'
import { renderReport } from './render-report.ts'
import { type EvaluationReport, evaluationReportSchema } from './report.ts'
import { modelsSection } from './section.ts'

const { labels, candidate, reference } = rivalScores()

const frame: Frame = {
  rows: 400,
  columns: {
    origin: {
      kind: 'category',
      codes: Int32Array.from({ length: 400 }, (_, row) => (row < 300 ? row % 2 : 2)),
      levels: ['JFK', 'LAX', 'a|b\n<i>'],
    },
  },
}

const settings = `
task: binary
slices:
  - { by: origin, min_rows: 120 }
gates:
  - { metric: roc_auc, at_least: 0.65 }
  - { metric: roc_auc, better_than: baseline }
  - { metric: log_loss, no_worse_than: champion, by: 0.005 }
  - { metric: f1, no_worse_than: champion, by: 0.05, bootstrap: true }
  - { metric: roc_auc, worst_slice_at_least: 0.55 }
`

function input(changes: Partial<EvaluationInput> = {}): EvaluationInput {
  return {
    about: {
      model: 'flight-delays',
      runId: 'run-1',
      dataset: { name: 'flights', version: '3' },
      period: { from: '2001-03-01', to: '2001-04-01' },
      evaluatedAt: '2001-07-01T00:00:00Z',
    },
    settings: modelEvaluationSchema.parse(parse(settings)),
    labels,
    scores: candidate,
    frame,
    references: {
      champion: { status: 'scored', name: 'flight-delays/1', scores: reference },
      baseline: { status: 'scored', name: 'majority', scores: new Float64Array(400).fill(0.4) },
    },
    seed: 1,
    ...changes,
  }
}

function outcomes({ gates }: EvaluationReport): readonly string[] {
  return gates.map(({ outcome }) => outcome)
}

test('measures, slices, compares and judges in one report that survives JSON', () => {
  const report = evaluate(input())
  assert.deepEqual(evaluationReportSchema.parse(JSON.parse(JSON.stringify(report))), report)
  assert.deepEqual(outcomes(report), ['passed', 'passed', 'passed', 'passed', 'passed'])
  assert.deepEqual(report.verdict, { outcome: 'passed', reason: 'all 5 gates passed' })
  assert.deepEqual([report.n, report.nPositive], [400, labels.reduce((sum, label) => sum + label, 0)])
  assert.deepEqual(
    report.slices.map(({ name, n }) => [name, n]),
    [
      ['origin: JFK', 150],
      ['origin: LAX', 150],
      ['origin: a|b\n<i>', 100],
    ],
  )
  assert.equal(report.calibration.length, 10)
  assert.equal(
    report.confusion === null ? 0 : Object.values(report.confusion).reduce((sum, cell) => sum + cell),
    400,
  )
  assert.ok((report.curves?.roc.length ?? 0) <= 200)
})

test('gives the same report again from the same seed', () => {
  assert.deepEqual(evaluate(input()), evaluate(input()))
})

test('resamples only where a gate asks for it', () => {
  const champion = evaluate(input()).references.find(({ role }) => role === 'champion')
  const methods = champion?.comparisons.map((comparison) =>
    comparison.status === 'value' ? comparison.method : '',
  )
  assert.equal(methods?.filter((method) => method.startsWith('paired bootstrap')).length, 1)
})

test('lets the first version skip its comparison with a champion, and nothing else', () => {
  const first = evaluate(
    input({ references: { champion: { status: 'none' }, baseline: { status: 'none' } } }),
  )
  assert.deepEqual(outcomes(first), ['passed', 'failed', 'skipped', 'skipped', 'passed'])
  assert.equal(first.verdict.outcome, 'failed')
  const damaged: ReferenceModel = {
    status: 'unavailable',
    name: 'flight-delays/1',
    reason: 'the file is damaged',
  }
  const lost = evaluate(input({ references: { ...input().references, champion: damaged } }))
  assert.deepEqual(outcomes(lost), ['passed', 'passed', 'failed', 'failed', 'passed'])
})

test('fails every gate on broken rows and keeps the reason in every place', () => {
  const scores = candidate.slice()
  scores[7] = NaN
  for (const [broken, reason] of [
    [input({ scores }), /1 of 400 rows has a score that is NaN or infinite/],
    [input({ frame: { ...frame, rows: 399 } }), /there are 400 scores for 399 rows of data/],
  ] as const) {
    const report = evaluate(broken)
    assert.deepEqual(new Set(outcomes(report)), new Set(['failed']))
    assert.match(report.verdict.reason, reason)
    assert.match(JSON.stringify(report.slices), reason)
    assert.deepEqual(evaluationReportSchema.parse(report), report)
    assert.match(renderReport(report), reason)
  }
})

test('evaluates regression without the parts that make no sense for it', () => {
  const rows = regressionRows()
  const columns: Frame = {
    rows: 300,
    columns: { half: { kind: 'number', values: rows.labels.map((_, row) => row % 2) } },
  }
  const report = evaluate(
    input({
      settings: modelEvaluationSchema.parse({
        task: 'regression',
        slices: [{ by: 'half', min_rows: 50 }],
        gates: [
          { metric: 'rmse', worst_slice_at_most: 2 },
          { metric: 'mean_error', within: 1 },
        ],
      }),
      labels: rows.labels,
      scores: rows.scores,
      frame: columns,
      references: { champion: { status: 'none' }, baseline: { status: 'none' } },
    }),
  )
  assert.deepEqual(outcomes(report), ['passed', 'passed'])
  assert.deepEqual([report.curves, report.confusion, report.nPositive], [null, null, null])
  assert.ok(metricNamed(report.metrics, 'r2')?.status === 'value')
  assert.match(renderReport(report), /\| rmse \| 0\.956 \[0\.898, 1\.010\] \|/)
})

test('renders a report as Markdown that data cannot break', () => {
  const markdown = renderReport(evaluate(input()))
  assert.match(markdown, /^# Evaluation of flight-delays\n\n\*\*Passed\*\*: all 5 gates passed\./)
  assert.match(
    markdown,
    /\| roc_auc at least 0\.65 \| passed \| roc_auc 0\.868 \[0\.833, 0\.903\] is at least 0\.65 \|/,
  )
  assert.match(markdown, /## Against the champion, flight-delays\/1/)
  assert.match(
    markdown,
    /\| origin: a\\\|b &lt;i> \| 100 \| undefined: 100 rows are fewer than min_rows 120 \| – \|/,
  )
  for (const table of markdown.matchAll(/(?:^\|.*\|\n)+/gm)) {
    const widths = table[0]
      .trim()
      .split('\n')
      .map((line) => line.replaceAll(String.raw`\|`, '').split('|').length)
    assert.equal(new Set(widths).size, 1, table[0])
  }
})

test('says when a model has no gates instead of letting it pass', () => {
  const report = evaluate(input({ settings: modelEvaluationSchema.parse({ task: 'binary' }) }))
  assert.deepEqual(report.verdict, { outcome: 'no_gates', reason: 'the model has no gates' })
})

test('checks the settings of a model across their fields', () => {
  const messages = (model: unknown): readonly string[] =>
    modelEvaluationSchema
      .safeParse(model)
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
  assert.deepEqual(
    messages({
      task: 'regression',
      slices: [{ by: 'origin' }, { name: 'origin', column: 'x', equals: 1 }],
      gates: [
        { metric: 'roc_auc', at_least: 0.5 },
        { metric: 'rmse', worst_slice_at_most: 2, slices: ['orgin', 'origin: JFK', 'x'] },
      ],
    }),
    [
      'slices.1.name: there is another slice called origin',
      'gates.0.metric: roc_auc is not a metric of regression models; these are: rmse, mae, r2, mean_error',
      'gates.1.slices.0: no slice is called orgin, nor made by it',
    ],
  )
  assert.deepEqual(messages({ task: 'binary', gates: [{ metric: 'roc_auc', worst_slice_at_least: 0.5 }] }), [
    'gates.0: the model has no slices, so there is no worst one',
  ])
})

test('shows an example of its section that is valid', () => {
  const { models } = parse(modelsSection.example) as { models: unknown }
  const parsed = modelsSection.schema.parse(models)
  assert.equal(parsed.returns?.gates.length, 5)
})

test('evaluates more rows than a call can have arguments', () => {
  const rows = overconfidentRows(200_000)
  const empty: Frame = { rows: 200_000, columns: {} }
  const report = evaluate(
    input({
      ...rows,
      frame: empty,
      settings: modelEvaluationSchema.parse({ task: 'binary' }),
      references: { champion: { status: 'none' }, baseline: { status: 'none' } },
    }),
  )
  assert.equal(report.n, 200_000)
  assert.ok(metricNamed(report.metrics, 'roc_auc')?.status === 'value')
})
