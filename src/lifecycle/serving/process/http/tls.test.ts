import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { pinnedFetch } from '#adapters/serving-hosts/pinned-fetch'
import { silentLog } from '#platform/log'
import { controlToken, runProcess } from '../fixtures/running-process.ts'
import { openTlsFiles } from './tls-files.ts'
import { tlsPairs } from './tls-pairs.fixture.ts'

async function secured(t: Parameters<typeof runProcess>[0]) {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'))
  t.after(() => rm(folder, { recursive: true }))
  const certificatePath = join(folder, 'tls.crt')
  const keyPath = join(folder, 'tls.key')
  const write = async ({ certificate, key }: (typeof tlsPairs)['a' | 'b']): Promise<void> => {
    await writeFile(certificatePath, certificate)
    await writeFile(keyPath, key)
  }
  await write(tlsPairs.a)
  const tls = openTlsFiles({ certificatePath, keyPath, log: silentLog, everyMs: 50 })
  const running = await runProcess(t, { tls })
  return { running, write, certificatePath, keyPath }
}

async function handshake(url: string, maxVersion: SecureVersion = 'TLSv1.3'): Promise<TLSSocket> {
  const socket = connect({
    port: Number(new URL(url).port),
    host: '127.0.0.1',
    rejectUnauthorized: false,
    minVersion: 'TLSv1',
    // Or the client itself would not speak versions that old.
    ciphers: 'DEFAULT@SECLEVEL=0',
    maxVersion,
  })
  socket.on('error', () => undefined)
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')])
  return socket
}

const control = { method: 'GET', headers: { authorization: `Bearer ${controlToken}` } }

test('answers over TLS 1.2 and later, and to its server by the certificate it was started with', async (t) => {
  const { running, certificatePath } = await secured(t)
  assert.match(running.process.url, /^https:/)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await handshake(running.process.url, version)
    assert.equal(socket.getProtocol(), version)
    socket.destroy()
  }
  await assert.rejects(handshake(running.process.url, 'TLSv1.1'), {
    code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  })
  const url = new URL('/control/status', running.process.url)
  const signal = AbortSignal.timeout(5_000)
  const response = await pinnedFetch(url, { ...control, signal }, certificatePath)
  assert.equal(response.status, 200)
  const other = join(await mkdtemp(join(tmpdir(), 'tls-')), 'other.crt')
  await writeFile(other, tlsPairs.b.certificate)
  await assert.rejects(pinnedFetch(url, { ...control, signal }, other), { code: 'unauthenticated' })
})

test('takes a new certificate without letting connections go, and leaves one that does not fit', async (t) => {
  const { running, write, keyPath } = await secured(t)
  const open = await handshake(running.process.url)
  const nameOf = async (): Promise<unknown> => {
    const socket = await handshake(running.process.url)
    const { CN } = socket.getPeerCertificate().subject
    socket.destroy()
    return CN
  }
  await writeFile(keyPath, tlsPairs.b.key)
  await sleep(150)
  assert.equal(await nameOf(), 'serving-a.example')
  await write(tlsPairs.b)
  while ((await nameOf()) !== 'serving-b.example') await sleep(20)
  open.write('GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n')
  const [answer] = (await once(open, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1\.1 200/)
  open.destroy()
})

test('says which files do not fit together', () => {
  assert.throws(() => openTlsFiles({ certificatePath: '/nowhere', keyPath: '/nowhere', log: silentLog }), {
    code: 'invalid_input',
    at: 'DEVMLOPS_TLS_CERTIFICATE',
  })
})
