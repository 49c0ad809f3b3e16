import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { createTrackingStage, trackingMigrations, type TrackingService } from '#lifecycle/tracking/index'
import { migrate, openDatabase } from '#platform/database/index'
import { createDispatch } from '#platform/dispatch'
import type { DoorAnswer } from '#platform/door'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { artifactDoor } from './artifact-door.ts'
import { errorAnswer } from './error-answer.ts'

const readAndWrite: Caller['permissions'] = new Set(['read', 'write'])
const artifacts = '/api/2.0/mlflow-artifacts/artifacts'

interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly permissions?: Caller['permissions']
}

describe('the door for artifacts', () => {
  let tracking: TrackingService
  let answerBytes: ReturnType<typeof artifactDoor>
  let close: () => Promise<void>
  let root: string
  let runId: string

  before(async () => {
    const database = await openDatabase({ path: ':memory:' })
    await migrate(database, [...platformMigrations, ...trackingMigrations], 0)
    const fixture = fixturePlatform(database)
    close = fixture.close
    const versions = new Map([['forest 1', '']])
    tracking = createTrackingStage({ platform: fixture.platform }).service
    runId = (await tracking.createRun({ caller: { name: 'ada' } })).id
    root = `${artifacts}/0/${runId}/artifacts`
    versions.set('forest 1', `runs:/${runId}/model`)
    answerBytes = artifactDoor({
      tracking,
      dispatch: createDispatch(fixture.platform),
      versionUri: async (name, version) =>
        versions.get(`${name} ${version}`) ?? fail('not_found', `There is no version ${version} of ${name}.`),
    })
  })
  after(() => close())

  const send = async (method: string, url: string, sent: Sent = {}): Promise<DoorAnswer> => {
    const [path = '', query = ''] = url.split('?')
    const { headers = {}, body = '', permissions = readAndWrite } = sent
    try {
      const answer = await answerBytes({
        method,
        path,
        query: new URLSearchParams(query),
        header: (name) => headers[name],
        body: (async function* () {
          for (const character of body) yield Buffer.from(character)
        })(),
        signal: new AbortController().signal,
        caller: () => ({ name: 'ada', permissions }),
      })
      return answer ?? { status: 0, headers: {}, body: 'not one of its paths' }
    } catch (error) {
      return errorAnswer(error)
    }
  }

  const textOf = async ({ body }: DoorAnswer): Promise<string> => {
    if (typeof body === 'string') return body
    const chunks = body instanceof Uint8Array ? [body] : await Array.fromAsync(body)
    return Buffer.concat(chunks).toString()
  }

  const json = async (method: string, url: string, fields?: object): Promise<Answered> => {
    const answer = await send(method, url, {
      headers: { 'content-type': 'application/json', host: 'here:5000' },
      ...(fields === undefined ? {} : { body: JSON.stringify(fields) }),
    })
    return { status: answer.status, ...(JSON.parse(await textOf(answer)) as object) }
  }

  it('takes bytes and gives them back as an attachment that no browser runs', async () => {
    assert.equal((await send('PUT', `${root}/plots/r%C3%B6c%20(1).html`, { body: '<p>' })).status, 200)
    const answer = await send('GET', `${root}/plots/r%C3%B6c%20(1).html`)
    const { digest } = await tracking.findArtifact(runId, 'plots/röc (1).html')
    assert.deepEqual([answer.status, await textOf(answer)], [200, '<p>'])
    assert.deepEqual(answer.headers, {
      'content-type': 'text/html',
      'content-disposition': `attachment; filename="roc (1).html"; filename*=UTF-8''r%C3%B6c%20%281%29.html`,
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      etag: `"${digest}"`,
      'content-length': '3',
    })
  })

  it('lists base names, and says of everything whether it is a folder', async () => {
    await send('PUT', `${root}/list/a.txt`, { body: 'abc' })
    await send('PUT', `${root}/list/deep/b`, { body: '' })
    const files = [
      { path: 'a.txt', is_dir: false, file_size: 3 },
      { path: 'deep', is_dir: true },
    ]
    const folder = `0/${runId}/artifacts/list`
    assert.deepEqual(await json('GET', `${artifacts}?path=${folder}`), { status: 200, files })
    assert.deepEqual(await json('GET', `${artifacts}?path=${folder}/a.txt`), { status: 200, files: [] })
  })

  it('answers ranges, and nothing to who has it already', async () => {
    await send('PUT', `${root}/digits`, { body: '0123456789' })
    const etag = (await send('HEAD', `${root}/digits`)).headers['etag'] ?? ''
    const get = async (headers: Record<string, string>): Promise<[number, string, string | undefined]> => {
      const answer = await send('GET', `${root}/digits`, { headers })
      return [answer.status, await textOf(answer), answer.headers['content-range']]
    }
    const whole = [200, '0123456789', undefined]
    assert.deepEqual(await get({ range: 'bytes=2-4' }), [206, '234', 'bytes 2-4/10'])
    assert.deepEqual(await get({ range: 'bytes=8-' }), [206, '89', 'bytes 8-9/10'])
    assert.deepEqual(await get({ range: 'bytes=-3' }), [206, '789', 'bytes 7-9/10'])
    assert.deepEqual(await get({ range: 'bytes=5-99' }), [206, '56789', 'bytes 5-9/10'])
    assert.deepEqual(await get({ range: 'bytes=10-' }), [416, '', 'bytes */10'])
    assert.deepEqual(await get({ range: 'bytes=-0' }), [416, '', 'bytes */10'])
    for (const range of ['bytes=4-2', 'bytes=1-2,4-5', 'lines=1-2', 'bytes=a-b', 'bytes=-']) {
      assert.deepEqual(await get({ range }), whole, range)
    }
    assert.deepEqual(await get({ range: 'bytes=2-4', 'if-range': '"other"' }), whole)
    assert.deepEqual(await get({ range: 'bytes=2-4', 'if-range': etag }), [206, '234', 'bytes 2-4/10'])
    assert.deepEqual((await get({ 'if-none-match': `"x", W/${etag}` }))[0], 304)
    const head = await send('HEAD', `${root}/digits`)
    assert.deepEqual([head.headers['content-length'], head.body], ['10', ''])
  })

  it('refuses paths that climb, in every encoding, as invalid', async () => {
    const climbing = [
      '../x',
      '%2e%2e/x',
      '%252e%252e%252fx',
      '/etc/passwd',
      'a%5c..%5cb',
      'a%00b',
      'a%23b',
      '%zz',
      'a/',
    ]
    for (const path of climbing) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        if (method === 'DELETE' && path === 'a/') continue
        const answer = await json(method, `${root}/${path}`)
        assert.equal(answer.status, 400, `${method} ${path}`)
        assert.match(answer.message ?? '', /^Invalid path/, path)
      }
      const version = await json(
        'GET',
        `/model-versions/get-artifact?name=none&version=9&path=${encodeURIComponent(`${path}/../x`)}`,
      )
      assert.equal(version.status, 400, path)
    }
  })

  it('answers the addresses of the page', async () => {
    await send('PUT', `${root}/model/MLmodel`, { body: 'flavors: {}' })
    const model = await tracking.createLoggedModel({ experimentId: '0' })
    await send('PUT', `${artifacts}/0/models/${model.id}/artifacts/a/b`, { body: 'b' })
    for (const [url, text] of [
      [`/get-artifact?run_id=${runId}&path=model/MLmodel`, 'flavors: {}'],
      ['/model-versions/get-artifact?name=forest&version=1&path=MLmodel', 'flavors: {}'],
      [`/ajax-api/2.0/mlflow/logged-models/${model.id}/artifacts/files?artifact_file_path=a/b`, 'b'],
      [`/ajax-api/2.0/mlflow-artifacts/artifacts/0/models/${model.id}/artifacts/a/b`, 'b'],
    ] as const) {
      assert.equal(await textOf(await send('GET', url)), text, url)
    }
    assert.equal((await json('GET', '/model-versions/get-artifact?name=forest&version=2&path=x')).status, 404)
    assert.equal((await json('GET', '/model-versions/get-artifact?name=forest&version=1&path=x')).status, 404)
    assert.equal((await json('GET', '/get-artifact?path=x')).status, 404)
    assert.equal((await json('GET', `/get-artifact?run_id=${runId}`)).status, 400)
    const upload = `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${runId}&path=`
    assert.equal((await send('POST', `${upload}note.txt`, { body: 'hello' })).status, 200)
    assert.equal((await tracking.findArtifact(runId, 'note.txt')).sizeBytes, 5)
    assert.equal((await json('POST', `${upload}empty`)).status, 400)
  })

  it('takes an upload in parts, whose folder may be missing', async () => {
    const mpu = '/api/2.0/mlflow-artifacts/mpu'
    for (const folder of [`/0/${runId}/artifacts/big`, `/0/${runId}/artifacts/`, '']) {
      const { upload_id, credentials = [] } = await json('POST', `${mpu}/create${folder}`, {
        path: String.raw`C:\data\x.bin`,
        num_parts: 2,
      })
      const parts: { part_number: number; etag: string; url: string }[] = []
      for (const { url, part_number } of credentials) {
        assert.match(url, /^http:\/\/here:5000\/api\/2\.0\/mlflow-artifacts\/mpu\/part\//)
        const answer = await send('PUT', new URL(url).pathname, {
          body: `part ${part_number} `,
          permissions: new Set(),
        })
        parts.push({ part_number, url, etag: answer.headers['etag'] ?? '' })
      }
      const done = await json('POST', `${mpu}/complete${folder}`, { path: '/tmp/x.bin', upload_id, parts })
      assert.deepEqual(done, { status: 200 })
      const url = `${artifacts}${folder.replace(/\/$/, '')}/x.bin`
      assert.equal(await textOf(await send('GET', url)), 'part 1 part 2 ')
    }
    const { upload_id } = await json('POST', `${mpu}/create/a`, { path: 'x', num_parts: 1 })
    assert.equal((await json('POST', `${mpu}/abort/a`, { path: 'x', upload_id })).status, 200)
    assert.equal((await json('POST', `${mpu}/abort/a`, { path: 'x', upload_id })).status, 404)
    for (const num_parts of [0, -1, 10_001, 'many']) {
      assert.equal((await json('POST', `${mpu}/create/a`, { path: 'x', num_parts })).status, 400)
    }
    for (const path of ['..', '', undefined, 7]) {
      assert.equal((await json('POST', `${mpu}/create/a`, { path, num_parts: 1 })).status, 400)
    }
  })

  it('says of presigned addresses that there are none, so that clients take the usual way', async () => {
    for (const [method, path] of [
      ['GET', '/api/2.0/mlflow-artifacts/presigned/0/x'],
      ['POST', '/api/2.0/mlflow/artifacts/presigned-upload-url'],
    ] as const) {
      const answer = await json(method, path)
      assert.deepEqual([answer.status, answer.error_code], [501, 'NOT_IMPLEMENTED'])
    }
  })

  it('asks for the permission of each call', async () => {
    const permissions: Caller['permissions'] = new Set(['read'])
    assert.equal((await send('PUT', `${root}/x`, { body: 'x', permissions })).status, 403)
    assert.equal((await send('DELETE', `${root}/x`, { permissions })).status, 403)
    assert.equal((await send('GET', `${root}/x`, { permissions: new Set() })).status, 403)
    assert.equal((await send('GET', '/api/2.0/mlflow/runs/get')).status, 0)
  })
})

interface Answered {
  readonly status: number
  readonly error_code?: string
  readonly message?: string
  readonly upload_id?: string
  readonly credentials?: readonly { readonly url: string; readonly part_number: number }[]
  readonly files?: unknown
}
