import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { ask, startServer, type ServerProcess } from './program.fixture.ts'

const megabyte = 1024 * 1024
const largeBytes = 96 * megabyte

/** Every piece is another, so that pieces in a wrong order are found. */
async function* large(): AsyncIterable<Buffer> {
  for (let index = 0; index < largeBytes / megabyte; index++) yield Buffer.alloc(megabyte, `piece ${index};`)
}

describe('artifacts over HTTP', () => {
  let directory: string
  let server: ServerProcess
  const urlOf = (path: string): string => `${server.url}/api/2.0/mlflow-artifacts/artifacts/${path}`
  const blobs = (pattern: string): string[] => globSync(join(directory, '.devmlops', 'blobs', pattern))

  const put = (path: string, body: string | ReadableStream): Promise<Response> =>
    fetch(urlOf(path), { method: 'PUT', body, duplex: 'half' })

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'devmlops-artifacts-'))
    await ask(directory, ['init', '.'])
    server = await startServer(directory)
  })
  after(async () => {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  it('pass through byte for byte, however large, without staying in memory', async () => {
    const sent = createHash('sha256')
    const pieces = async function* (): AsyncIterable<Buffer> {
      for await (const piece of large()) {
        sent.update(piece)
        yield piece
      }
    }
    const before = residentBytes(server)
    assert.equal((await put('large.bin', ReadableStream.from(pieces()))).status, 200)
    const received = createHash('sha256')
    let size = 0
    const answer = await fetch(urlOf('large.bin'))
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      received.update(chunk)
      size += chunk.byteLength
    }
    assert.equal(size, largeBytes)
    assert.equal(received.digest('hex'), sent.digest('hex'))
    const grown = residentBytes(server) - before
    assert.ok(grown < largeBytes / 2, `the server grew by ${Math.round(grown / megabyte)} MiB`)
  })

  it('are not there when their sender goes away in the middle, and nothing is left of them', async () => {
    const sending = request(urlOf('half.bin'), {
      method: 'PUT',
      headers: { 'content-length': 10 * megabyte },
    })
    sending.on('error', () => undefined)
    sending.write(Buffer.alloc(megabyte))
    await waitUntil(() => blobs('tmp/*').length > 0)
    sending.destroy()
    await waitUntil(() => blobs('tmp/*').length === 0)
    assert.equal((await fetch(urlOf('half.bin'))).status, 404)
  })

  it('whose bytes have changed on the disk are refused, or break off instead of ending well', async () => {
    for (const size of [5000, 5 * megabyte]) {
      const text = `model ${size} `
      await put('model.bin', text.repeat(size / text.length))
      const stored =
        blobs('sha256/*/*').find(
          (path) => readFileSync(path).toString('utf8', 0, 11) === text.slice(0, 11),
        ) ?? ''
      const damaged = readFileSync(stored)
      damaged.writeUInt8(damaged.readUInt8(100) ^ 1, 100)
      chmodSync(stored, 0o644)
      writeFileSync(stored, damaged)
      const answer = await fetch(urlOf('model.bin'))
      if (answer.ok) await assert.rejects(answer.arrayBuffer())
      else assert.match(await answer.text(), /DATA_LOSS.*have changed/)
      assert.equal(answer.ok, size > megabyte)
    }
  })

  it('that are refused answer while their bytes are still coming', async () => {
    const answer = await put('a/%2e%2e%2fx', ReadableStream.from(large()))
    assert.equal(answer.status, 400)
    assert.match(((await answer.json()) as { message: string }).message, /^Invalid path/)
  })

  it('answer HEAD with their size and digest', async () => {
    await put('note.txt', 'hello')
    const answer = await fetch(urlOf('note.txt'), { method: 'HEAD' })
    const digest = createHash('sha256').update('hello').digest('hex')
    assert.deepEqual(
      ['content-length', 'etag', 'content-type', 'content-disposition', 'x-content-type-options'].map(
        (name) => answer.headers.get(name),
      ),
      ['5', `"sha256:${digest}"`, 'text/plain', 'attachment; filename=note.txt', 'nosniff'],
    )
  })

  it('are there after a kill once they were acknowledged', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `many/${index}.txt`)
    const acknowledged = new Set<string>()
    const sending = names.map(async (name) => {
      if ((await put(name, name.repeat(100))).ok) acknowledged.add(name)
      if (acknowledged.size === 10) await server.kill()
    })
    await Promise.allSettled(sending)
    assert.ok(acknowledged.size >= 10)
    server = await startServer(directory)
    for (const name of acknowledged) assert.equal(await (await fetch(urlOf(name))).text(), name.repeat(100))
  })
})

function residentBytes({ child }: ServerProcess): number {
  const [, pages = ''] = readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')
  return Number(pages) * 4096
}

async function waitUntil(holds: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500 && !holds(); attempt++) await pause(20)
  assert.ok(holds())
}
