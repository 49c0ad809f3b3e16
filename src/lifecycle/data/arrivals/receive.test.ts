import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'
import { createDataStore } from '../store.ts'
import { createArrivals, type ArrivalsService } from './arrivals-service.ts'

function arrivalsOf({ platform, project, service }: Workshop): ArrivalsService {
  return createArrivals({ platform, project, service, store: createDataStore(platform.database) })
}

async function* body(...chunks: readonly string[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

test('a file that is sent becomes a version, once, with its sender and its name', async () => {
  await using workshop = await openWorkshop('d:\n  source: { push: true }')
  const send = () => arrivalsOf(workshop).receive('d', { file: 'a.csv', body: body('x\n', '1\n2\n') }, ada)
  const [first, second] = await Promise.all([send(), send()])
  assert.deepEqual([first.created, second.created], [true, false])
  const { source, parts, createdBy } = await workshop.service.get('d', 'latest')
  assert.deepEqual([source, parts[0]?.path, createdBy], [{ kind: 'push', file: 'a.csv' }, 'a.csv', 'ada'])
  assert.deepEqual(
    (await workshop.events()).map(({ type }) => type),
    ['data.arrived'],
  )
  await assert.rejects(workshop.service.add('d', {}, ada), /is sent to the server/)
})

test('what is too large, breaks off or has the name of a way is not taken, and nothing stays', async () => {
  await using workshop = await openWorkshop('d:\n  source: { push: true, maximum_size: 1kB }')
  const send = (file: string, content: AsyncIterable<Uint8Array> | undefined) =>
    arrivalsOf(workshop).receive('d', { file, body: content }, ada)
  await assert.rejects(send('a.csv', body('x\n', '1\n'.repeat(600))), { code: 'payload_too_large' })
  for (const name of ['../a.csv', 'b/a.csv', 'a\\b.csv', '..', ' ', 'a\u0000.csv']) {
    await assert.rejects(send(name, body('x\n1\n')), { code: 'invalid_input' })
  }
  await assert.rejects(send('a.bin', body('x')), /no known ending/)
  await assert.rejects(send('a.csv', undefined), /has no body/)
  const broken = async function* (): AsyncIterable<Uint8Array> {
    yield Buffer.from('x\n1\n')
    throw new Error('the sender went away')
  }
  await assert.rejects(send('a.csv', broken()), /went away/)
  const refused = await send('a.csv', body('x,y\n1\n'))
  assert.match(refused.arrivals[0]?.rejection?.message ?? '', /a\.csv, line 2: expected 2 columns, found 1/)
  assert.equal((await workshop.service.list())[0]?.latest, null)
  assert.deepEqual(await readdir(join(workshop.home, 'spool')), [])
})
