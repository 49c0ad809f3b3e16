import assert from 'node:assert/strict'
import { copyFile, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createDispatch, localTransport } from '#platform/dispatch'
import { silentLog } from '#platform/log'
import { createClient } from '#contract/client'
import { digestOf } from '#platform/blobs/index'
import { openTables } from '#platform/tables/index'
import { dataContract } from './contract.ts'
import { createDataStage } from './index.ts'
import { ada, openWorkshop, type Workshop } from './service.fixture.ts'

const orders = `orders:
  source: { files: incoming/*.csv }
  key: id
  expectations:
    - schema: { id: integer, amount: number }
    - mean: { column: amount, minimum: 1, maximum: 10 }`

async function valuesOf(workshop: Workshop, reference: string, column: string): Promise<unknown[]> {
  const { relation, allowedPaths } = await workshop.service.open(reference)
  const tables = await openTables({
    allowedDirectories: [],
    allowedPaths,
    temporaryDirectory: join(workshop.home, 'tmp'),
  })
  try {
    return (await tables.rows(`SELECT ${column} AS value FROM ${relation}`)).map(({ value }) => value)
  } finally {
    tables.close()
  }
}

test('appends new files as a new version and answers the same when nothing is new', async () => {
  await using workshop = await openWorkshop(orders)
  await workshop.write('incoming/1.csv', ['id,amount', '1,2.5', '2,3'])
  const first = await workshop.service.add('orders', {}, ada)
  assert.deepEqual([first.created, first.version?.version, first.version?.rows], [true, 1, 2])
  await workshop.write('incoming/2.csv', ['amount,id', '4,3'])
  const second = await workshop.service.add('orders', {}, ada)
  assert.deepEqual([second.created, second.version?.version, second.version?.rows], [true, 2, 3])
  await workshop.write('incoming/copy.csv', await readFile(join(workshop.directory, 'incoming/1.csv')))
  const third = await workshop.service.add('orders', {}, ada)
  assert.deepEqual([third.created, third.version], [false, second.version])
  assert.deepEqual(await valuesOf(workshop, 'data.orders', 'id'), [1, 2, 3])
  assert.deepEqual(await valuesOf(workshop, 'orders@1', 'amount'), [2.5, 3])
})

test('keeps the bytes of the user, and a version when its source is gone', async () => {
  await using workshop = await openWorkshop(orders)
  const path = await workshop.write('incoming/1.csv', 'id,amount\r\n1,2.50\r\n')
  const before = await readFile(path)
  await workshop.service.add('orders', {}, ada)
  await rm(path)
  const { parts } = await workshop.service.get('orders', 'latest')
  assert.equal(parts[0]?.digest, digestOf(before))
  assert.deepEqual(await readFile(await workshop.platform.files.localPath(digestOf(before))), before)
  assert.deepEqual(await valuesOf(workshop, 'orders', 'amount'), [2.5])
})

test('a bad file is rejected and recorded, and does not keep a good one out', async () => {
  await using workshop = await openWorkshop(orders)
  await workshop.write('incoming/1.csv', ['id,amount', '1,5'])
  await workshop.write('incoming/2.csv', ['id,amount', '2,1609'])
  await workshop.write('incoming/3.csv', ['id,amount', '3,6'])
  const { version, arrivals } = await workshop.service.add('orders', {}, ada)
  assert.deepEqual(
    arrivals.map(({ paths, state }) => [paths[0], state]),
    [
      ['incoming/1.csv', 'accepted'],
      ['incoming/3.csv', 'accepted'],
      ['incoming/2.csv', 'rejected'],
    ],
  )
  assert.deepEqual([version?.version, version?.rows], [1, 2])
  const { version: same, arrivals: again } = await workshop.service.add('orders', {}, ada)
  assert.equal(same?.version, 1)
  assert.equal(again.find(({ state }) => state === 'rejected')?.rejection?.times, 2)
  const types = (await workshop.events()).map(({ type, subject }) => `${type} ${subject}`)
  assert.deepEqual(types, ['data.arrived dataset/orders@1', 'data.rejected dataset/orders'])
  const [rejection] = await workshop.service.rejections('orders', 10)
  assert.match(rejection?.message ?? '', /the mean of amount is between 1 and 10: it is 1,609/)
})

test('judges refused bytes again once the rules have changed', async () => {
  await using workshop = await openWorkshop(orders)
  await workshop.write('incoming/1.csv', ['id,amount', '1,50'])
  assert.equal((await workshop.service.add('orders', {}, ada)).version, null)
  await workshop.describe(orders.replace('maximum: 10', 'maximum: 100'))
  assert.equal((await workshop.service.add('orders', {}, ada)).version?.version, 1)
})

test('a key must be unique over all rows of the version, not only over those that arrive', async () => {
  await using workshop = await openWorkshop(orders)
  await workshop.write('incoming/1.csv', ['id,amount', '1,5', '2,5'])
  await workshop.service.add('orders', {}, ada)
  await workshop.write('incoming/2.csv', ['id,amount', '3,5', '2,5'])
  const { created, arrivals } = await workshop.service.add('orders', {}, ada)
  assert.equal(created, false)
  const check = arrivals.at(-1)?.rejection?.validation?.checks.find(({ kind }) => kind === 'unique')
  assert.deepEqual([check?.considered, check?.unexpected, check?.samples[0]?.row], [4, 2, 2])
})

test('without a schema of its own an append keeps to the columns of the version before', async () => {
  await using workshop = await openWorkshop('d:\n  source: { files: "*.csv" }')
  await workshop.write('1.csv', ['a,b,empty', '1,x,'])
  await workshop.service.add('d', {}, ada)
  await workshop.write('2.csv', ['a,b,empty', '2,y,0.5'])
  assert.equal((await workshop.service.add('d', {}, ada)).created, true)
  assert.equal((await workshop.service.get('d', 2)).columns[2]?.type, 'number')
  for (const [name, rows, expected] of [
    ['gone.csv', ['a,empty', '3,1'], /column "b" is missing/],
    ['more.csv', ['a,b,empty,c', '3,x,1,9'], /column "c" is not expected/],
    ['type.csv', ['a,b,empty', 'three,x,1'], /column "a": 1 value is no integer/],
  ] as const) {
    await workshop.write(name, rows)
    const { created, arrivals } = await workshop.service.add('d', { paths: [name] }, ada)
    assert.equal(created, false)
    assert.match(arrivals[0]?.rejection?.message ?? '', expected)
  }
  assert.deepEqual(await valuesOf(workshop, 'd', 'empty'), [null, 0.5])
})

test('replace takes the whole set, and the same set is no new version', async () => {
  await using workshop = await openWorkshop('d:\n  mode: replace\n  source: { files: "*.csv" }')
  await workshop.write('a.csv', ['x', '1'])
  await workshop.write('b.csv', ['x', '2.5'])
  const first = await workshop.service.add('d', {}, ada)
  assert.equal(first.version?.rows, 2)
  assert.equal((await workshop.service.add('d', {}, ada)).created, false)
  await rm(join(workshop.directory, 'a.csv'))
  const second = await workshop.service.add('d', {}, ada)
  assert.deepEqual([second.version?.version, second.version?.rows], [2, 1])
  assert.deepEqual(await valuesOf(workshop, 'd@1', 'x'), [1, 2.5])
})

test('text that means missing is read again when it is named later', async () => {
  await using workshop = await openWorkshop('d:\n  source: { files: "*.csv" }')
  await workshop.write('a.csv', ['x', 'NA', '2'])
  await workshop.service.add('d', {}, ada)
  assert.equal((await workshop.service.get('d', 1)).columns[0]?.type, 'text')
  await workshop.describe('d:\n  nulls: [NA]\n  source: { files: "*.csv" }')
  const { version } = await workshop.service.add('d', {}, ada)
  assert.deepEqual([version?.version, version?.rows], [2, 2])
  assert.deepEqual(await valuesOf(workshop, 'd', 'x'), [null, 2])
  assert.deepEqual(await valuesOf(workshop, 'd@1', 'x'), ['NA', '2'])
})

test('two adds at once end in one version', async () => {
  await using workshop = await openWorkshop(orders)
  await workshop.write('incoming/1.csv', ['id,amount', '1,5'])
  const results = await Promise.all([1, 2, 3].map(() => workshop.service.add('orders', {}, ada)))
  assert.deepEqual(
    results.map(({ created }) => created),
    [true, false, false],
  )
})

test('check stores nothing, and tries changed expectations on the version that is there', async () => {
  await using workshop = await openWorkshop(orders)
  await workshop.write('incoming/1.csv', ['id,amount', '1,5'])
  const [arrival] = await workshop.service.check('orders', {}, ada)
  assert.equal(arrival?.state, 'accepted')
  assert.deepEqual((await workshop.service.list())[0]?.versions, 0)
  await workshop.service.add('orders', {}, ada)
  await workshop.describe(orders.replace('maximum: 10', 'maximum: 2'))
  const [again] = await workshop.service.check('orders', {}, ada)
  assert.deepEqual([again?.paths, again?.state], [['version 1'], 'rejected'])
  assert.deepEqual(await workshop.service.rejections('orders', 10), [])
})

test('the same content has the same digest in another store', async () => {
  const digests: unknown[] = []
  for (const rounds of [1, 2]) {
    await using workshop = await openWorkshop(orders)
    for (const name of ['1', '2']) {
      await workshop.write(`incoming/${name}.csv`, ['id,amount', `${name},5`])
      if (rounds === 2) await workshop.service.add('orders', {}, ada)
    }
    digests.push((await workshop.service.add('orders', {}, ada)).version?.digest)
  }
  assert.equal(digests[0], digests[1])
})

test('answers through its endpoints, and pages', async () => {
  await using workshop = await openWorkshop(orders)
  const { stage } = createDataStage({
    platform: workshop.platform,
    project: async () =>
      (await import('../project/index.ts')).readProject({
        path: join(workshop.directory, 'devmlops.yaml'),
        sections: [(await import('./section.ts')).dataSection],
      }),
  })
  const dispatch = createDispatch({ audit: { record: async () => undefined } as never, log: silentLog })
  const client = createClient(dataContract, localTransport(stage.routes, dispatch, { caller: ada }))
  for (const name of ['1', '2', '3']) {
    await workshop.write(`incoming/${name}.csv`, ['id,amount', `${name},${name}`])
    await client.add({ name: 'orders' })
  }
  const page = await client.versions({ name: 'orders', limit: 2 })
  assert.deepEqual(
    page.items.map(({ version }) => version),
    [3, 2],
  )
  const rest = await client.versions({ name: 'orders', limit: 2, after: page.next })
  assert.deepEqual([rest.items.map(({ version }) => version), rest.next], [[1], undefined])
  const { rows } = await client.head({ name: 'orders', version: 'latest', limit: 2 })
  assert.deepEqual(rows, [
    { id: 1, amount: 1 },
    { id: 2, amount: 2 },
  ])
  const profile = await client.profile({ name: 'orders', version: '3' })
  assert.equal(profile.rows, 3)
  assert.deepEqual((await client.addAll({})).items[0]?.created, false)
  await assert.rejects(client.get({ name: 'orders', version: 9 }), /has no version 9; the newest is 3/)
})

test('knows the Git commit it was made from, or that there is none', async () => {
  await using workshop = await openWorkshop(orders)
  await workshop.write('incoming/1.csv', ['id,amount', '1,5'])
  await workshop.service.add('orders', {}, ada)
  assert.equal((await workshop.service.get('orders', 1)).code, null)
  const { execFileSync } = await import('node:child_process')
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], {
      cwd: workshop.directory,
    }).toString()
  git('init', '-q')
  git('add', 'devmlops.yaml')
  git('commit', '-q', '-m', 'x')
  await copyFile(join(workshop.directory, 'incoming/1.csv'), join(workshop.directory, 'incoming/2.csv'))
  await workshop.write('incoming/2.csv', ['id,amount', '2,5'])
  await workshop.service.add('orders', {}, ada)
  const { code } = await workshop.service.get('orders', 2)
  assert.deepEqual(code, { commit: git('rev-parse', 'HEAD').trim(), dirty: false })
})
