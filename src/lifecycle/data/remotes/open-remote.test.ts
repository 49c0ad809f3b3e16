import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { digestOf } from '#platform/blobs/index'
import { openRemote } from './open-remote.ts'
import { createPublishedVersions } from './published-versions.ts'
import { openShop } from './remotes.fixture.ts'
import { parseDocument, readDocument, documentText } from './version-document.ts'

const admin = { name: 'ada', permissions: new Set(['read', 'write', 'admin'] as const) }
const writer = { name: 'bob', permissions: new Set(['read', 'write'] as const) }
const reader = { name: 'eve', permissions: new Set(['read'] as const) }

describe('a remote is found', () => {
  const at = (url: string) => ({ url, default: false })
  const directory = '/project'
  it('by its name, by default, and by its address if an administrator says so', async () => {
    const remotes = { spare: at('../spare'), origin: at('file:///data/team') }
    const open = async (remote: string | undefined, caller = admin): Promise<string> =>
      (await openRemote({ remote, remotes, directory }, caller)).name
    assert.equal(await open(undefined), '/data/team')
    assert.equal(await open('spare'), '/spare')
    assert.equal(await open('./elsewhere'), '/project/elsewhere')
    assert.equal(await open('https://ml.example'), 'https://ml.example')
    await assert.rejects(openRemote({ remote: './elsewhere', remotes, directory }, writer), {
      code: 'permission_denied',
    })
    await assert.rejects(open('spar'), { code: 'not_found', hint: /Did you mean "spare"/ })
    await assert.rejects(open('ftp://x/y'), { code: 'invalid_input', message: /ftp:\/\/ is not known/ })
  })

  it('not at all when there is none, and that is said', async () => {
    await assert.rejects(openRemote({ remote: undefined, remotes: {}, directory }, admin), {
      code: 'not_found',
      hint: /devmlops.yaml/,
    })
  })
})

describe('what another server gets', () => {
  it('is what a version names and nothing else, and of masked columns nothing without the right to', async () => {
    await using shop = await openShop()
    const version = await shop.addOrders(['id\n1\n'])
    const secret = await shop.platform.blobs.put(new TextEncoder().encode('of nobody’s business'))
    let masked = false
    const published = createPublishedVersions({ tools: shop.tools, isMasked: async () => masked })
    const place = { dataset: 'orders', version: 1 }
    const document = await published.document(place, reader)
    assert.deepEqual(document.version, version)
    const bytes = (digest: typeof secret.digest, range = {}) =>
      published.bytes({ ...place, digest, range }, reader)
    const layouts = await bytes(document.layouts)
    assert.equal(digestOf(layouts.body as Uint8Array), document.layouts)
    const part = await bytes(version.profileDigest, { first: 0, last: 6 })
    assert.equal(part.sizeBytes, 7)
    assert.equal(await new Response(part.body as ReadableStream<Uint8Array>).text(), 'profile')
    await assert.rejects(bytes(secret.digest), { code: 'not_found' })
    await assert.rejects(published.document({ ...place, version: 2 }, reader), { code: 'not_found' })
    masked = true
    await assert.rejects(bytes(version.profileDigest), { code: 'permission_denied' })
    assert.ok(await published.document(place, admin))
  })
})

it('a document that carries SQL, a changed one and one of a later form are refused', async () => {
  await using shop = await openShop()
  const version = await shop.addOrders(['id\n1\n'])
  const document = {
    format: 1 as const,
    version,
    parentDigest: null,
    blobs: [],
    layouts: version.profileDigest,
  }
  assert.deepEqual(readDocument(documentText(document), 'there'), document)
  for (const sqlType of ['BIGINT) FROM x; --', 'BIGINT, (SELECT 1)', '"a', 'DECIMAL(1']) {
    const column = { name: 'id', type: 'integer' as const, sqlType }
    const wrong = { ...document, version: { ...version, columns: [column] } }
    assert.throws(() => parseDocument(wrong, 'there'), { code: 'storage_corrupt' }, sqlType)
  }
  for (const sqlType of [
    'DECIMAL(18,3)',
    'STRUCT("a b" INTEGER, c VARCHAR[])',
    "ENUM('a, b', 'c')",
    'TIMESTAMP WITH TIME ZONE',
  ]) {
    const column = { name: 'id', type: 'other' as const, sqlType }
    assert.ok(parseDocument({ ...document, version: { ...version, columns: [column] } }, 'there'))
  }
  assert.throws(() => readDocument(documentText(document).replace('a warning', 'no warning'), 'there'), {
    code: 'storage_corrupt',
  })
  assert.throws(() => parseDocument({ ...document, format: 2 }, 'there'), /newer than this program/)
})
