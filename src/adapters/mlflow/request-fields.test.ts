import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DoorRequest } from '#platform/door'
import { list, message, text } from './message.ts'
import { requestFields } from './request-fields.ts'

const anyMessage = message({ run_id: text, run_ids: list(text) })

function request(given: { method?: string; query?: string; body?: string; type?: string }): DoorRequest {
  const { method = 'POST', query = '', body = '', type = 'application/json; charset=utf-8' } = given
  return {
    method,
    path: '/api/2.0/mlflow/x',
    query: new URLSearchParams(query),
    header: (name) => (name === 'content-type' && type !== '' ? type : undefined),
    body: chunks(body),
    signal: new AbortController().signal,
    caller: () => ({ name: 'ann', permissions: new Set() }),
  }
}

async function* chunks(body: string): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(body)
  for (let start = 0; start < bytes.length; start += 5) yield bytes.subarray(start, start + 5)
}

const fieldsOf = (given: Parameters<typeof request>[0], path = {}) =>
  requestFields(request(given), { message: anyMessage, path })

describe('the fields of a request', () => {
  it('come from the body of every method, and from the query of GET', async () => {
    assert.deepEqual(await fieldsOf({ body: '{"a": "ü"}' }), { a: 'ü' })
    assert.deepEqual(await fieldsOf({ method: 'DELETE', body: '{"a":1}' }), { a: 1 })
    assert.deepEqual(await fieldsOf({ method: 'GET', body: '{"a":1}' }), { a: 1 })
    assert.deepEqual(await fieldsOf({ method: 'GET', query: 'run_id=1&run_ids=2&other=3', body: '{' }), {
      run_id: '1',
      run_ids: ['2'],
    })
    assert.deepEqual(await fieldsOf({ method: 'GET', query: 'run_ids=1&run_ids=2' }), { run_ids: ['1', '2'] })
    assert.deepEqual(await fieldsOf({ body: '{"run_id":"1"}' }, { run_id: '2' }), { run_id: '2' })
  })

  it('may be absent, or JSON inside of JSON as old clients send it', async () => {
    assert.deepEqual(await fieldsOf({ type: '' }), {})
    assert.deepEqual(await fieldsOf({ body: ' ' }), {})
    assert.deepEqual(await fieldsOf({ body: 'null' }), {})
    assert.deepEqual(await fieldsOf({ body: JSON.stringify('{"a":1}') }), { a: 1 })
  })

  it('may have the bare numbers that Python writes, outside of texts only', async () => {
    assert.deepEqual(
      await fieldsOf({ body: '{"a": [NaN, -Infinity, Infinity], "NaN": "-Infinity \\\\\\" NaN"}' }),
      {
        a: ['NaN', '-Infinity', 'Infinity'],
        NaN: '-Infinity \\" NaN',
      },
    )
  })

  it('are refused when they are not a JSON object, however long the nonsense is', async () => {
    for (const body of [
      '{',
      '[]',
      '5',
      '"x"',
      '"[1]"',
      '{"a":}',
      `"${'\\"'.repeat(200_000)}`,
      '['.repeat(300_000),
    ]) {
      await assert.rejects(fieldsOf({ body }), { code: 'invalid_input' }, body.slice(0, 20))
    }
    await assert.rejects(fieldsOf({ body: '{}', type: 'text/plain' }), { code: 'unsupported_media_type' })
    await assert.rejects(fieldsOf({ body: '{}', type: '' }), { code: 'unsupported_media_type' })
  })
})
