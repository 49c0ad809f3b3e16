import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { expectationSchema } from '../checks/expectation.ts'
import { readProject } from '../../project/index.ts'
import { dataSection } from '../section.ts'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'
import { createDataStore } from '../store.ts'
import { createInference, type Inference } from './inference-service.ts'
import { withCorrections, withProposals } from './suite-text.ts'

const samples = resolve(import.meta.dirname, '../../../../../shared/data')
const skip = existsSync(samples) ? false : `there is no sample data in ${samples}`

function inferenceOf({ platform, service, directory }: Workshop): Inference {
  const project = () => readProject({ path: join(directory, 'devmlops.yaml'), sections: [dataSection] })
  return createInference({ platform, project, service, store: createDataStore(platform.database) })
}

async function rewrite({ directory }: Workshop, change: (text: string) => string): Promise<void> {
  const path = join(directory, 'devmlops.yaml')
  await writeFile(path, change(await readFile(path, 'utf8')))
}

/** What does not hold for a file, as kind and columns. */
async function alarms(workshop: Workshop, dataset: string, file: string): Promise<string[]> {
  const [arrival] = await workshop.service.check(dataset, { paths: [file] }, ada)
  const { checks = [] } = arrival?.validation ?? {}
  return checks
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ kind, columns, severity }) => `${severity}: ${kind} ${columns.join(',')}`)
}

const orders = (
  rows: number,
  change: (at: number) => Partial<Record<string, string>> = () => ({}),
): string[] => [
  'id,at,country,amount,paid,code,note',
  ...Array.from({ length: rows }, (_, at) => {
    const row = {
      id: `o${1000 + at}`,
      at: new Date(Date.UTC(2024, 0, 1, at)).toISOString().slice(0, 19),
      country: ['DE', 'FR', 'IT'][at % 3],
      amount: String(10 + ((at * 37) % 90)),
      paid: ['yes', 'no'][at % 2],
      code: `0${at % 5}`,
      note: at % 4 === 0 ? '' : `text ${at}`,
      ...change(at),
    }
    return Object.values(row).join(',')
  }),
]

test('proposes what TFDV would, and ranges, keys, counts and age besides', async () => {
  const now = (): number => Date.UTC(2024, 0, 9)
  await using workshop = await openWorkshop('orders:\n  source: { files: a.csv }\n  time: at', { now })
  await workshop.write('a.csv', orders(180))
  await workshop.service.add('orders', {}, ada)
  const { proposals } = await inferenceOf(workshop).propose('orders', 'latest')
  assert.deepEqual(
    proposals.map(({ expectation }) => expectation),
    [
      {
        schema: {
          id: 'text',
          at: 'timestamp',
          country: 'text',
          amount: 'integer',
          paid: 'text',
          code: 'text',
          note: 'text',
        },
      },
      { not_null: ['id', 'at', 'country', 'amount', 'paid', 'code'] },
      { in_set: { column: 'country', values: ['DE', 'FR', 'IT'] } },
      { between: { column: 'amount', minimum: 0, maximum: 190 }, severity: 'warn' },
      { in_set: { column: 'paid', values: ['no', 'yes'] } },
      { in_set: { column: 'code', values: ['00', '01', '02', '03', '04'] } },
      { unique: 'id' },
      { row_count: { at_least: 90, at_most: 360 }, severity: 'warn' },
      { fresh: { column: 'at', within: '15d' }, severity: 'warn' },
    ],
  )
  for (const { expectation } of proposals) assert.ok(expectationSchema.safeParse(expectation).success)
  assert.ok(proposals.every(({ reason }) => reason.length > 10))
})

test('what is injected into the next file is caught, each fault by the check that is meant for it', async () => {
  const now = (): number => Date.UTC(2024, 0, 9)
  await using workshop = await openWorkshop('orders:\n  source: { files: a.csv }\n  time: at', { now })
  await workshop.write('a.csv', orders(180))
  await workshop.service.add('orders', {}, ada)
  const { proposals } = await inferenceOf(workshop).propose('orders', 'latest')
  await rewrite(workshop, (text) => withProposals(text, 'orders', proposals))
  const later = (at: number): Partial<Record<string, string>> => ({ id: `p${at}` })
  const faults: [string, (at: number) => Partial<Record<string, string>>][] = [
    ['', later],
    ['fail: in_set country', (at) => ({ ...later(at), country: at === 7 ? 'de' : 'DE' })],
    ['warn: between amount', (at) => ({ ...later(at), amount: at === 7 ? '5000' : '50' })],
    ['fail: not_null amount', (at) => ({ ...later(at), amount: at === 7 ? '' : '50' })],
    ['fail: unique id', () => ({ amount: '50' })],
    [
      'fail: schema id,at,country,amount,paid,code,note',
      (at) => ({ ...later(at), amount: at === 7 ? 'ten' : '50' }),
    ],
    ['warn: fresh at', (at) => ({ ...later(at), at: '2023-01-01T00:00:00' })],
  ]
  for (const [at, [expected, change]] of faults.entries()) {
    const path = await workshop.write(`fault-${at}.csv`, orders(180, change))
    const found = await alarms(workshop, 'orders', path)
    assert.ok(
      expected === '' ? found.length === 0 : found.includes(expected),
      `${expected}: ${found.join('; ')}`,
    )
  }
  const short = await workshop.write('short.csv', orders(20, later))
  assert.deepEqual(await alarms(workshop, 'orders', short), ['warn: row_count '])
})

test('proposes the corrected suite, which then holds: a new category, a wider range, a column that is missing', async () => {
  await using workshop = await openWorkshop(`orders:
  source: { files: a.csv }
  expectations:
    - not_null: [id, amount] # always
    # where we sell
    - in_set: { column: country, values: [DE, FR, IT] }
    - between: { column: amount, maximum: 100 }
    - unique: id`)
  await workshop.write('a.csv', orders(180))
  await workshop.service.add('orders', {}, ada)
  const changed = orders(180, (at) => ({
    id: at === 5 ? 'p6' : `p${at}`,
    country: at % 9 === 0 ? 'AT' : 'DE',
    amount: at % 10 === 0 ? '' : String(at),
  }))
  const path = await workshop.write('b.csv', changed)
  const found = await inferenceOf(workshop).correct('orders', [path], ada)
  assert.deepEqual(
    found.arrivals[0]?.corrections.map(({ evidence }) => evidence),
    ['missing in 18 of 180 rows', 'new: "AT" in 20 rows', '72 of 162 values outside; found 1 to 179'],
  )
  assert.match(found.arrivals[0]?.left.join() ?? '', /id names a row once: 2 of 360 rows/)
  await rewrite(workshop, (text) => withCorrections(text, found))
  const text = await readFile(join(workshop.directory, 'devmlops.yaml'), 'utf8')
  assert.match(text, /- not_null: id # always\n/)
  assert.match(text, /# where we sell\n\s+- in_set: \{ column: country, values: \[DE, FR, IT, AT\] \}\n/)
  assert.match(text, /- not_null: amount\n\s+mostly: 0\.9\n\s+severity: warn\n/)
  assert.deepEqual(await alarms(workshop, 'orders', path), ['fail: unique id'])
})

test('does not write down the values of a column that is masked', async () => {
  await using workshop = await openWorkshop(
    'orders:\n  source: { files: a.csv }\n  columns: { country: { class: confidential }, amount: { class: confidential } }',
  )
  await workshop.write('a.csv', orders(180))
  await workshop.service.add('orders', {}, ada)
  const { proposals, notes } = await inferenceOf(workshop).propose('orders', 'latest')
  assert.doesNotMatch(JSON.stringify(proposals), /"DE"|190/)
  assert.ok(notes.some((note) => note.startsWith('country: masked')))
})

test(
  'taxi: a suite of January raises few alarms in the five months after, and each has a reason',
  { skip },
  async () => {
    await using workshop = await openWorkshop(
      'taxi:\n  source: { files: incoming/*.csv }\n  time: pickup_datetime',
    )
    const incoming = join(workshop.directory, 'incoming')
    await mkdir(incoming)
    const sample = (month: string): string => join(samples, `taxi/yellow_tripdata_sample_${month}.csv`)
    await copyFile(sample('2018-01'), join(incoming, '01.csv'))
    await workshop.service.add('taxi', {}, ada)
    const { proposals } = await inferenceOf(workshop).propose('taxi', 1)
    await rewrite(workshop, (text) => withProposals(text, 'taxi', proposals))
    const raised: string[] = []
    for (const month of ['02', '03', '04', '05', '06']) {
      const found = await alarms(workshop, 'taxi', sample(`2018-${month}`))
      raised.push(...found.map((alarm) => `${month} ${alarm}`))
    }
    assert.ok(raised.length <= 10, raised.join('\n'))
    assert.deepEqual(
      raised.filter((alarm) => alarm.includes('fail:')),
      [],
      'nothing is kept out by mistake',
    )
  },
)
