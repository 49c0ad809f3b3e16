import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { quoteText } from '#platform/tables/index'
import { ada, openWorkshop } from '../service.fixture.ts'
import { openBench } from './check.fixture.ts'

const expectations = `  expectations:
    - not_null: [a, b]
      severity: warn
    - between: { column: a, minimum: 0, maximum: 4 }
      severity: warn
    - mean: { column: b, minimum: 0, maximum: 10 }
    - unique: { columns: t, ignore: never }
      severity: warn
    - increasing: { column: a, order_by: day }
      severity: warn
    - length: { column: t, equals: 1 }
      mostly: 0.5
    - no_string_variants: t
      severity: info
    - fresh: { within: 1d, column: day }
    - min: { column: day, minimum: '2026-01-01' }
    - js_divergence: { column: b, reference: previous, at_most: 0 }`

const rows = ['a,b,t,day', '1,1.5,x,2026-01-01', '5,,X,2026-01-02', ',2.5,,2026-01-03', '3,4,yy,2026-01-04']

test('says the same of CSV and of Parquet', async () => {
  await using workshop = await openWorkshop(
    ['csv', 'parquet']
      .map((format) => `${format}:\n  source: { files: d.${format} }\n${expectations}`)
      .join('\n'),
    { now: () => Date.parse('2026-01-04T12:00:00Z') },
  )
  const csv = await workshop.write('d.csv', rows)
  await using bench = await openBench()
  const copied = join(bench.directory, 'd.csv')
  const parquet = join(bench.directory, 'd.parquet')
  const { copyFile } = await import('node:fs/promises')
  await copyFile(csv, copied)
  await bench.tables.run(
    `COPY (SELECT * FROM read_csv(${quoteText(copied)}, nullstr = '')) TO ${quoteText(parquet)} (FORMAT parquet)`,
  )
  await copyFile(parquet, join(workshop.directory, 'd.parquet'))
  const told = async (name: string): Promise<unknown> => {
    const { arrivals, created } = await workshop.service.add(name, {}, ada)
    assert.equal(created, true, JSON.stringify(arrivals))
    return arrivals[0]?.validation?.checks.map(
      ({ kind, outcome, considered, unexpected, observed, samples }) => ({
        kind,
        outcome,
        considered,
        unexpected,
        observed,
        rows: samples.map(({ row }) => row),
      }),
    )
  }
  const answer = await told('csv')
  assert.deepEqual(await told('parquet'), answer)
  assert.deepEqual(
    (answer as { kind: string; outcome: string; unexpected?: number }[]).map(
      ({ kind, outcome, unexpected }) =>
        `${kind} ${outcome}${unexpected === undefined ? '' : ` ${unexpected}`}`,
    ),
    [
      'not_null fail 1',
      'not_null fail 1',
      'between fail 1',
      'mean pass',
      'unique pass 0',
      'increasing fail 1',
      'length pass 1',
      'no_string_variants fail 2',
      'fresh pass',
      'min pass',
      'js_divergence pass',
    ],
  )
})
