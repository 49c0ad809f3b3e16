import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import type { DevmlopsError } from '#contract/errors'
import { mariadbProblem, openMariadb, type FixtureMariadb } from '#platform/database/mariadb.fixture'
import { openQuery } from '#platform/database/index'
import { openTables } from '#platform/tables/index'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'
import { createDataStore } from '../store.ts'

async function rowsOf(workshop: Workshop, columns: string): Promise<Record<string, unknown>[]> {
  const { relation, allowedPaths } = await workshop.service.open('d')
  const tables = await openTables({
    allowedDirectories: [],
    allowedPaths,
    temporaryDirectory: join(workshop.home, 'tmp'),
  })
  try {
    return await tables.rows(`SELECT ${columns} FROM ${relation}`)
  } finally {
    tables.close()
  }
}

const section = (engine: string, query: string, more = ''): string =>
  `d:\n  source:\n    ${engine}: { url_env: TEST_SOURCE_URL, query: "${query}" }\n${more}`

/** Neither the store nor a message may hold the password. */
async function assertSecret(workshop: Workshop, secret: string): Promise<void> {
  const store = await readFile(join(workshop.home, 'store.db'))
  const log = await readFile(join(workshop.home, 'store.db-wal')).catch(() => Buffer.alloc(0))
  for (const bytes of [store, log])
    assert.equal(bytes.includes(secret), false, 'the password was written down')
}

const postgresUrl = process.env['DEVMLOPS_TEST_POSTGRES_URL']
const noPostgres =
  postgresUrl === undefined ? 'no PostgreSQL: run with --test-global-setup=test/postgres.setup.ts' : false

describe('PostgreSQL', { skip: noPostgres }, () => {
  const name = `source_${process.pid}`
  const url = new URL(postgresUrl ?? 'postgres://none')
  const run = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url.toString() })
    await client.connect()
    await client.query(sql)
    await client.end()
  }
  before(async () => {
    await run(`CREATE DATABASE ${name}`)
    url.pathname = `/${name}`
    process.env['TEST_SOURCE_URL'] = url.toString()
    await run(
      `CREATE TABLE kinds (id bigint PRIMARY KEY, n numeric(20,4), free numeric, d date, t timestamp, z timestamptz,
         b boolean, bytes bytea, j jsonb, r real, x double precision, u uuid, tags text[], span interval, txt text);
       INSERT INTO kinds VALUES
         (9223372036854775807, 1234567890123456.7891, 0.1, '0044-03-15 BC', '2024-01-01 10:00:00.123456',
          '2024-01-01 12:00:00+02', true, '\\x00ff', '{"a": 1}', 1.1, 0.1,
          '123e4567-e89b-12d3-a456-426614174000', '{a,b}', '1 day', E'line\\nbreak, "quote" 😀'),
         (1, NULL, NULL, 'infinity', NULL, NULL, NULL, NULL, NULL, 'NaN', '-infinity', NULL, NULL, NULL, '')`,
    )
  })

  test('keeps every value in its type', async () => {
    await using workshop = await openWorkshop(section('postgres', 'SELECT * FROM kinds'))
    const { version, arrivals } = await workshop.service.add('d', {}, ada)
    assert.equal(version?.rows, 2)
    assert.deepEqual(arrivals[0]?.validation?.warnings, [])
    const [one, largest] = await rowsOf(
      workshop,
      `id, n::VARCHAR AS n, free, d::VARCHAR AS d, t::VARCHAR AS t, z::VARCHAR AS z, b, hex(bytes) AS bytes, j,
       r::VARCHAR AS r, x::VARCHAR AS x, u, tags, span, txt`,
    )
    assert.deepEqual(largest, {
      id: 9223372036854775807n,
      n: '1234567890123456.7891',
      free: 0.1,
      d: '0044-03-15 (BC)',
      t: '2024-01-01 10:00:00.123456',
      z: '2024-01-01 10:00:00+00',
      b: true,
      bytes: '00FF',
      j: '{"a": 1}',
      r: '1.1',
      x: '0.1',
      u: '123e4567-e89b-12d3-a456-426614174000',
      tags: '{a,b}',
      span: 'P1D',
      txt: 'line\nbreak, "quote" 😀',
    })
    assert.deepEqual(
      [one?.['n'], one?.['d'], one?.['r'], one?.['x'], one?.['txt']],
      [null, 'infinity', 'nan', '-inf', ''],
    )
    const { columns } = await workshop.service.get('d', 1)
    assert.deepEqual(
      columns.slice(0, 6).map(({ sqlType }) => sqlType),
      ['BIGINT', 'DECIMAL(20,4)', 'DOUBLE', 'DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'],
    )
    assert.equal((await workshop.service.add('d', {}, ada)).created, false)
    await assertSecret(workshop, 'postgres:test@')
  })

  test('loads by cursor, and names a value that its type cannot hold', async () => {
    await run('CREATE TABLE events (id int, at timestamptz, v numeric(10,2))')
    await run(
      `INSERT INTO events SELECT i, '2024-01-01'::timestamptz + i * interval '1 minute', i FROM generate_series(1, 12000) i`,
    )
    const more = '    incremental: { cursor: at, lag: 10m }\n  mode: append\n  key: id'
    await using workshop = await openWorkshop(section('postgres', 'SELECT * FROM events', more))
    assert.equal((await workshop.service.add('d', {}, ada)).version?.rows, 12_000)
    await run(
      `INSERT INTO events SELECT i, '2024-01-01'::timestamptz + i * interval '1 minute', i FROM generate_series(12001, 12003) i`,
    )
    assert.equal((await workshop.service.add('d', {}, ada)).version?.rows, 12_003)
    const { parts } = await workshop.service.get('d', 2)
    assert.deepEqual(
      parts.map(({ rows }) => rows),
      [12_000, 3],
    )
    await run(`INSERT INTO events VALUES (12004, '2024-01-10', 'NaN')`)
    await assert.rejects(
      workshop.service.add('d', {}, ada),
      /row \d+, column "v": "NaN" is no DECIMAL\(10,2\)/,
    )
    await run('DELETE FROM events WHERE id = 12004')
    assert.equal((await workshop.service.add('d', {}, ada)).version?.version, 2)
  })

  test('cannot write, and tells what is wrong without the password', async () => {
    const location = { engine: 'postgres', url: url.toString(), name: '$SHOP' } as const
    const attempt = async (query: string, from = location, timeoutMs = 5000): Promise<void> => {
      await using rows = await openQuery(from, { query, timeoutMs })
      for await (const page of rows.pages()) assert.ok(page)
    }
    await run('CREATE FUNCTION sneaky() RETURNS int LANGUAGE sql AS $$ DELETE FROM kinds; SELECT 1 $$')
    await assert.rejects(attempt('SELECT sneaky() AS x'), /read-only transaction/)
    await assert.rejects(attempt('WITH gone AS (DELETE FROM kinds RETURNING id) SELECT * FROM gone'), {
      code: 'invalid_input',
    })
    await assert.rejects(attempt('SELECT pg_sleep(5)::text AS x', location, 300), { code: 'timed_out' })
    const wrong = { ...location, url: url.toString().replace(':test@', ':s3cret@') }
    await assert.rejects(attempt('SELECT 1 AS a', wrong), (error: DevmlopsError) => {
      assert.ok(!`${error.message} ${error.hint ?? ''} ${String(error.at)}`.includes('s3cret'))
      return error.code === 'permission_denied'
    })
    await assert.rejects(attempt('SELECT 1 AS a', { ...location, url: 'postgres://a:b@127.0.0.1:1/x' }), {
      code: 'server_unreachable',
    })
  })

  test('a connection that is killed half-way leaves no version, and the cursor where it was', async () => {
    await run(`CREATE TABLE many AS SELECT i AS id, repeat('x', 200) AS t FROM generate_series(1, 60000) i`)
    const more = '    incremental: { cursor: id }\n  mode: append'
    await using workshop = await openWorkshop(
      section('postgres', 'SELECT id, t FROM many WHERE id <= 100', more),
    )
    await workshop.service.add('d', {}, ada)
    // The query kills its own connection when it comes to this row.
    const deadly = 'CASE id WHEN 30000 THEN pg_terminate_backend(pg_backend_pid())::text ELSE t END AS t'
    await workshop.describe(section('postgres', `SELECT id, ${deadly} FROM many`, more))
    await assert.rejects(workshop.service.add('d', {}, ada), { code: 'server_unreachable' })
    assert.equal((await workshop.service.list())[0]?.latest?.version, 1)
    assert.equal(await createDataStore(workshop.platform.database).cursor('d', 'id'), '100')
    assert.deepEqual(await readdir(join(workshop.home, 'spool')), [])
    await workshop.describe(section('postgres', 'SELECT id, t FROM many', more))
    assert.equal((await workshop.service.add('d', {}, ada)).version?.rows, 60_000)
  })
})

describe('MariaDB', { skip: mariadbProblem ?? false }, () => {
  let server: FixtureMariadb
  before(async () => {
    server = await openMariadb()
    process.env['TEST_SOURCE_URL'] = server.url
    await server.run(
      `SET sql_mode = ''; CREATE TABLE kinds (id bigint unsigned, n decimal(20,4), d date, t datetime(6), z timestamp(3) NULL,
         flag tinyint(1), bits bit(3), j json, b varbinary(4), txt text, e enum('a','b'), x double, tm time);
       INSERT INTO kinds VALUES
         (18446744073709551615, 1234567890123456.7891, '0000-00-00', '2024-01-01 10:00:00.123456',
          '2024-01-01 10:00:00.123', 2, b'101', '{"a": 1}', x'00ff', 'h😀é', 'a', 0.1, '-100:00:00'),
         (1, NULL, '2024-02-29', NULL, NULL, 0, NULL, NULL, NULL, '', NULL, NULL, NULL)`,
    )
  })
  after(() => server[Symbol.asyncDispose]())

  test('keeps every value in its type, and tells of dates that are none', async () => {
    await using workshop = await openWorkshop(section('mysql', 'SELECT * FROM kinds'))
    const { arrivals } = await workshop.service.add('d', {}, ada)
    assert.deepEqual(arrivals[0]?.validation?.warnings, [
      '$TEST_SOURCE_URL: column "d": 1 date that no calendar has (0000-00-00) is read as missing',
    ])
    const rows = await rowsOf(
      workshop,
      `id, n::VARCHAR AS n, d::VARCHAR AS d, t::VARCHAR AS t, z::VARCHAR AS z, flag, bits, j, hex(b) AS b, txt, e, x, tm`,
    )
    assert.deepEqual(rows[1], {
      id: 18446744073709551615n,
      n: '1234567890123456.7891',
      d: null,
      t: '2024-01-01 10:00:00.123456',
      z: '2024-01-01 10:00:00.123+00',
      flag: 2,
      bits: 5,
      j: '{"a": 1}',
      b: '00FF',
      txt: 'h😀é',
      e: 'a',
      x: 0.1,
      tm: '-100:00:00',
    })
    assert.deepEqual([rows[0]?.['txt'], rows[0]?.['d']], ['', '2024-02-29'])
    assert.equal((await workshop.service.add('d', {}, ada)).created, false)
    await assertSecret(workshop, 'p%40ss')
    await assertSecret(workshop, 'p@ss/word')
  })

  test('loads by cursor, and stops where the connection is killed', async () => {
    await server.run(
      `CREATE TABLE many (id int PRIMARY KEY, t datetime, v varchar(200));
       INSERT INTO many SELECT seq, '2024-01-01' + INTERVAL seq SECOND, repeat('x', 200) FROM seq_1_to_60000`,
    )
    const location = { engine: 'mysql', url: server.url, name: '$SHOP' } as const
    await assert.rejects(
      async () => {
        await using rows = await openQuery(location, { query: 'SELECT * FROM many', timeoutMs: 10_000 })
        for await (const page of rows.pages()) {
          assert.ok(page.length > 0)
          await server.killReaders()
        }
      },
      { code: 'server_unreachable' },
    )
    const more = '    incremental: { cursor: t, lag: 5s, initial: 2024-01-01 16:00:00 }\n  mode: append'
    await using workshop = await openWorkshop(section('mysql', 'SELECT * FROM many;', more))
    assert.equal((await workshop.service.add('d', {}, ada)).version?.rows, 2401)
    await server.run(
      `INSERT INTO many VALUES (60001, '2024-01-01 16:39:58', 'late'), (60002, '2024-01-01 17:00:00', 'new')`,
    )
    assert.equal((await workshop.service.add('d', {}, ada)).version?.rows, 2403)
    assert.equal((await workshop.service.add('d', {}, ada)).created, false)
  })

  test('one statement, no files of the server, no writing, no endless query', async () => {
    const location = { engine: 'mysql', url: server.url, name: '$SHOP' } as const
    for (const [query, expected] of [
      [`SELECT 1 INTO OUTFILE '/tmp/devmlops-out'`, { code: 'invalid_input' }],
      ['SELECT * FROM nowhere', /Table 'shop\.nowhere' doesn't exist/],
      ['SELECT sleep(5) AS x', { code: 'timed_out' }],
    ] as const) {
      await assert.rejects(async () => {
        await using rows = await openQuery(location, { query, timeoutMs: 500 })
        for await (const page of rows.pages()) assert.ok(page)
      }, expected)
    }
  })
})
