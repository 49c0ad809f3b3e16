import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { toHttpRequest } from '#contract/client'
import { endpoint } from '#contract/endpoint'
import { durationMs } from '#contract/units'
import { httpInput } from './http-input.ts'

const search = endpoint({
  method: 'GET',
  path: '/api/v1/things/:name',
  summary: 'Every kind of field that a query can carry',
  permission: 'read',
  input: z.strictObject({
    name: z.string(),
    limit: z.number().int().default(10),
    ratio: z.number().optional(),
    exact: z.boolean().prefault(false),
    types: z.array(z.string()).optional(),
    versions: z.array(z.number()).default([]),
    labels: z.record(z.string(), z.string()).optional(),
    window: z.object({ from: z.number(), to: z.number() }).optional(),
    version: z.union([z.literal('latest'), z.number().int()]).optional(),
    state: z.enum(['firing', 'resolved']).nullish(),
    text: z.string().nullable().optional(),
    level: z.literal(3).optional(),
    timeout: durationMs.prefault('30s'),
    either: z.union([z.string(), z.literal('x')]).optional(),
  }),
  output: z.object({}),
})

/** What arrives when a client sends it: over the URL and back. */
function sent(input: Record<string, unknown>): unknown {
  const url = new URL(toHttpRequest(search, input).path, 'http://server')
  const name = decodeURIComponent(url.pathname.split('/').at(-1) ?? '')
  return httpInput(search, { path: { name }, query: url.searchParams, body: '' })
}

function received(query: string): unknown {
  return httpInput(search, { path: { name: 'a' }, query: new URLSearchParams(query), body: '' })
}

describe('the input of a call over HTTP', () => {
  it('arrives as it was sent, whatever its fields are', () => {
    const inputs: Record<string, unknown>[] = [
      { name: 'a' },
      { name: 'a/b c?d=1&e#ü%' },
      { name: '42', text: '42', either: '42', timeout: '5m' },
      { name: 'true', text: 'true', state: 'firing' },
      { name: 'null', text: 'null' },
      { name: 'a', limit: 0, ratio: -1.5e-7, exact: true, level: 3 },
      { name: 'a', types: [], versions: [] },
      { name: 'a', types: ['x'], versions: [7] },
      { name: 'a', types: ['a,b', '"', '[1]'], versions: [1, 2, 3] },
      { name: 'a', labels: {}, window: { from: 1, to: 2 } },
      { name: 'a', labels: { 'k=&': 'v ü', n: '1' } },
      { name: 'a', version: 'latest' },
      { name: 'a', version: 3 },
    ]
    for (const input of inputs) {
      const arrived = sent(input)
      assert.deepEqual(arrived, input)
      assert.ok(search.input.safeParse(arrived).success, JSON.stringify(input))
    }
  })

  it('takes lists as HTTP writes them too: repeated, or once', () => {
    assert.deepEqual(received('types=a&types=b'), { name: 'a', types: ['a', 'b'] })
    assert.deepEqual(received('types=a'), { name: 'a', types: ['a'] })
    assert.deepEqual(received('versions=1&versions=2'), { name: 'a', versions: [1, 2] })
    assert.deepEqual(received('versions=7'), { name: 'a', versions: [7] })
  })

  it('keeps what is not of its kind, so that the schema names the field', () => {
    const wrong = search.input.safeParse(received('limit=many'))
    assert.deepEqual(wrong.error?.issues[0]?.path, ['limit'])
    assert.deepEqual(search.input.safeParse(received('limit=')).error?.issues[0]?.path, ['limit'])
  })

  it('takes the last of a field that is sent twice', () => {
    assert.deepEqual(received('limit=1&limit=2'), { name: 'a', limit: 2 })
  })

  it('refuses fields that the call does not have, and names the nearest one', () => {
    assert.throws(() => received('limt=3'), {
      code: 'invalid_input',
      at: 'limt',
      hint: 'Did you mean "limit"?',
    })
    assert.throws(() => received('__proto__=3'), { code: 'invalid_input' })
  })

  it('takes a body that is a JSON object, and says what else came', () => {
    const change = endpoint({ ...search, method: 'POST', path: '/api/v1/things' })
    const of = (body: string): unknown => httpInput(change, { path: {}, query: new URLSearchParams(), body })
    assert.deepEqual(of('{"name":"42","version":3}'), { name: '42', version: 3 })
    assert.deepEqual(of(''), {})
    for (const body of ['{', 'name=a', '[]', 'null', '"x"', '\u0000']) {
      assert.throws(() => of(body), { code: 'invalid_input', message: /^The body (is not JSON|must be)/ })
    }
    assert.throws(() => of('{"__proto__":{"name":"x"}}'), { code: 'invalid_input' })
  })
})
