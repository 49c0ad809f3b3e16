import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createFlightsProject, type FlightsProject } from './flights-project.fixture.ts'
import { refusal, startServer, type ServerProcess } from './program.fixture.ts'
import { createClient, httpTransport } from '#contract/client'
import type { Client } from '#contract/endpoint'
import { DevmlopsError, fail } from '#contract/errors'
import { dataContract } from '#lifecycle/data/contract'
import { pipelinesContract, type PipelineRunDetail } from '#lifecycle/pipelines/contract'

async function refusalOf(work: () => Promise<unknown>): Promise<DevmlopsError> {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof DevmlopsError)
    return error
  }
  throw new assert.AssertionError({ message: 'it was not refused' })
}

describe('bad data', () => {
  let project: FlightsProject
  let server: ServerProcess
  let data: Client<typeof dataContract>
  let pipelines: Client<typeof pipelinesContract>
  let versionsBefore: unknown

  before(async () => {
    project = await createFlightsProject()
    await project.arrive('january.parquet', ['2001-01-01', '2001-02-01'])
    server = await startServer(project.directory)
    const transport = httpTransport({ url: server.url })
    data = createClient(dataContract, transport)
    pipelines = createClient(pipelinesContract, transport)
    await data.add({ name: 'flights' })
    versionsBefore = (await data.versions({ name: 'flights' })).items
  })
  after(async () => {
    await server.stop()
    project.remove()
  })

  describe('in a file', () => {
    const columns = 'date, delay, distance, origin'
    const header = 'date,delay,distance,origin\n'
    const text = (file: string, content: string | Uint8Array) => async (): Promise<string> => {
      project.write(join('incoming', file), content)
      return file
    }
    const table = (sql: string) => async (): Promise<string> => {
      await project.tables.run(
        `COPY (${sql}) TO '${project.directory}/incoming/new.parquet' (FORMAT parquet)`,
      )
      return 'new.parquet'
    }
    const half = async (): Promise<string> => {
      const whole = readFileSync(join(project.directory, 'incoming', 'january.parquet'))
      return text('half.parquet', whole.subarray(0, whole.length / 2))()
    }
    const files = [
      ['half of a Parquet file', half, 'unreadable_data', /half\.parquet: it is not a whole Parquet file/],
      ['a file of no bytes', text('none.csv', ''), 'unreadable_data', /none\.csv is empty/],
      ['a header without rows', text('header.csv', header), 'unreadable_data', /header\.csv has no rows/],
      [
        'a table without rows',
        table(`SELECT ${columns} FROM flights WHERE false`),
        'unreadable_data',
        /no rows/,
      ],
      [
        'bytes that are no text',
        text('x.csv', Uint8Array.of(0, 255, 1)),
        'unreadable_data',
        /NUL byte in line 1/,
      ],
      [
        'a line that is cut off',
        text('cut.csv', `${header}2001-02-01,1,1200,ORD\n2001-02-01,1\n`),
        'unreadable_data',
        /cut\.csv, line 3: expected 4 columns, found 2/,
      ],
      ['a format that is not read', text('book.ods', 'PK'), 'invalid_input', /book\.ods has no known ending/],
      [
        'a spreadsheet that is none',
        text('book.xlsx', 'PK'),
        'unreadable_data',
        /book\.xlsx is no whole \.xlsx file/,
      ],
      [
        'a column that vanished',
        table('SELECT date, delay, origin FROM flights LIMIT 99'),
        'validation_failed',
        /column "distance" is missing/,
      ],
      [
        'a column that changed its type',
        table(`SELECT * REPLACE (distance / 2 AS distance) FROM (SELECT ${columns} FROM flights LIMIT 99)`),
        'validation_failed',
        /column "distance".* is number, expected integer/,
      ],
      [
        'a column that nobody expects',
        table(`SELECT ${columns}, 1 AS surprise FROM flights LIMIT 99`),
        'validation_failed',
        /column "surprise" is not expected/,
      ],
      [
        'a word where numbers are',
        text('word.csv', `${header}2001-02-01,1,far,ORD\n`),
        'validation_failed',
        /"far" in row 1 of incoming\/word\.csv/,
      ],
      [
        'a value out of its range',
        table(`SELECT * REPLACE (9999 AS delay) FROM (SELECT ${columns} FROM flights LIMIT 99)`),
        'validation_failed',
        /delay is between -60 and 600/,
      ],
    ] as const

    for (const [what, make, code, message] of files) {
      it(`refuses ${what}, and says where and what to do`, async () => {
        const file = await make()
        const answer = await refusalOf(async () => {
          const { arrivals } = await data.add({ name: 'flights' })
          const [rejection] = arrivals.flatMap((arrival) => arrival.rejection ?? [])
          if (rejection !== undefined) fail(rejection.code, rejection.message, { hint: rejection.hint ?? '' })
        })
        rmSync(join(project.directory, 'incoming', file))
        assert.equal(answer.code, code)
        assert.match(answer.message, message)
        assert.ok((answer.hint ?? '').length > 20, 'a hint')
      })
    }

    it('ends the command with the same words and the exit code of refused data', async () => {
      const file = await half()
      const { problem, exit } = await refusal(project.directory, ['data', 'add', 'flights'])
      rmSync(join(project.directory, 'incoming', file))
      assert.deepEqual([problem.code, exit], ['unreadable_data', 6])
      assert.match(problem.detail, /half\.parquet/)
    })

    it('changed nothing of what was stored before', async () => {
      const { items } = await data.versions({ name: 'flights' })
      assert.deepEqual(items, versionsBefore)
      const { rows } = await data.head({ name: 'flights', version: 'latest', limit: 3 })
      assert.equal(rows.length, 3)
      assert.ok(
        (await data.rejections({ name: 'flights' })).items.length >= 10,
        'and what was refused is known',
      )
    })
  })

  describe('in what a model learns from', () => {
    const label = 'CAST(delay > 15 AS INTEGER) AS late'
    const tables = [
      ['one class only', 'SELECT distance, 1 AS late FROM flights', 'distance', /always the same \(1\)/],
      ['no rows', `SELECT distance, ${label} FROM flights WHERE false`, 'distance', /has no rows/],
      [
        'a label that is missing',
        'SELECT distance, NULL AS late FROM flights',
        'distance',
        /missing in row 1/,
      ],
      [
        'a feature called like the label',
        `SELECT distance, ${label} FROM flights`,
        'late',
        /leaks.* called like the label/,
      ],
      [
        'a feature that carries the label in its name',
        `SELECT ${label}, hash(date) % 7 AS is_late FROM flights`,
        'is_late',
        /leaks.*name of feature is_late contains the label/,
      ],
      [
        'a feature that knows the label',
        `SELECT delay, ${label} FROM flights`,
        'delay',
        /leaks.*delay alone predicts/,
      ],
      [
        'an infinite feature',
        `SELECT CASE WHEN distance > 1000 THEN 'infinity'::DOUBLE ELSE distance END AS distance, ${label} FROM flights`,
        'distance',
        /Column "distance" holds Infinity in row \d+/,
      ],
      ['a misspelt feature', `SELECT distance, ${label} FROM flights`, 'distanse', /no column "distanse"/],
      ['text as a number', `SELECT origin, ${label} FROM flights`, 'origin', /"origin" is text/],
    ] as const

    for (const [what, sql, feature, message] of tables) {
      it(`refuses to train on ${what}`, async () => {
        const { state, failure } = await train(sql, feature)
        assert.deepEqual([state, failure?.code], ['failed', 'step_failed'])
        assert.match(failure?.message ?? '', message)
        assert.ok((failure?.hint ?? '').length > 15, 'a hint')
      })
    }

    it('learns from a feature that is NaN here and there, as from one that is missing', async () => {
      const sql = `SELECT CASE WHEN distance > 2000 THEN 'nan'::DOUBLE ELSE distance END AS distance, ${label} FROM flights`
      const { state, failure } = await train(sql, 'distance')
      assert.equal(state, 'succeeded', failure?.message)
    })

    async function train(sql: string, feature: string): Promise<PipelineRunDetail> {
      project.write('rows.sql', sql)
      project.write(
        'devmlops.yaml',
        `project: small-flights
data: { flights: { source: { files: incoming/* }, mode: append, time: date } }
pipelines:
  odd:
    steps:
      rows: { sql: rows.sql, inputs: { flights: data.flights }, outputs: [rows] }
      train:
        train:
          data: rows.rows
          label: late
          features: { ${feature}: number }
          candidates: [{ trainer: gradient-boosting, parameters: { trees: 2 } }]
`,
      )
      let run = await pipelines.start({ pipeline: 'odd' })
      while (run.finishedAt === undefined)
        run = await pipelines.run({ runId: run.id, sinceRevision: run.revision, waitMs: 5000 })
      project.edit((file) => file)
      return run
    }
  })
})
