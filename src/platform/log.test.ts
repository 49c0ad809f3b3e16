import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from './log.ts'
import { isSecretName } from './redact.ts'

test('a log line is one JSON document with level, time, message and fields', () => {
  const lines: string[] = []
  createLog('info', (line) => lines.push(line)).warn(
    { jobId: 'j1', text: 'two\nlines' },
    'job did not succeed',
  )
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /^[^\n]+\n$/)
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  assert.deepEqual(rest, { level: 'warn', message: 'job did not succeed', jobId: 'j1', text: 'two\nlines' })
  assert.ok(!Number.isNaN(Date.parse(String(time))))
})

test('lines below the level are not written, and silent writes none', () => {
  const lines: string[] = []
  const log = createLog('warn', (line) => lines.push(line))
  log.debug({}, 'no')
  log.info({}, 'no')
  log.warn({}, 'yes')
  log.error({}, 'yes')
  createLog('silent', (line) => lines.push(line)).error({}, 'no')
  assert.equal(lines.length, 2)
})

test('secrets never reach a log line, however deep they stand', () => {
  const lines: string[] = []
  const fields = {
    token: 's3cret',
    request: { headers: [{ authorization: 's3cret' }], user: 'ann' },
    count: 2n ** 60n,
  }
  createLog('info', (line) => lines.push(line)).info(fields, 'asked')
  assert.doesNotMatch(lines.join(''), /s3cret/)
  assert.match(lines.join(''), /"user":"ann"/)
  assert.match(lines.join(''), /"count":"1152921504606846976"/)
})

test('a value that contains itself can be logged', () => {
  const lines: string[] = []
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  createLog('info', (line) => lines.push(line)).info(circle, 'round')
  assert.equal(lines.length, 1)
})

test('names of secrets are told from names that only sound like them', () => {
  for (const name of [
    'token',
    'Token',
    'api_key',
    'apiKey',
    'controlToken',
    'secretAccessKey',
    'db-password',
    'authorization',
  ]) {
    assert.ok(isSecretName(name), name)
  }
  for (const name of ['key', 'tokens_used', 'sticky', 'passwordless', 'secretary', 'column']) {
    assert.ok(!isSecretName(name), name)
  }
})
