import type { Random } from '#platform/random'

export interface FuzzedRequest {
  readonly bytes: Buffer
  /** What to do again when it goes wrong. */
  readonly what: string
  /** It is not HTTP, or not all of it: the connection may be closed instead of answered. */
  readonly mayClose: boolean
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const row = { distance: 500, hour: 9, load: 0.5, weekend: false, origin: 'ATL', gate: 'B3' }
const tensor = (name: string, datatype: string, data: Json, shape: Json = [2, 1]): Json => ({
  name,
  shape,
  datatype,
  data,
})
const inference: Json = {
  id: 'a',
  parameters: { key: 'k', priority: 1, timeout: 1_000_000, binary_data_output: false },
  inputs: [
    tensor('distance', 'INT64', [500, 501]),
    tensor('hour', 'INT32', [9, 10]),
    tensor('load', 'FP64', [0.5, 0.25]),
    tensor('weekend', 'BOOL', [false, true]),
    tensor('origin', 'BYTES', ['ATL', 'JFK']),
    tensor('gate', 'BYTES', ['B3', 'B4']),
  ],
  outputs: [{ name: 'probability', parameters: { binary_data: false } }],
}

/** A body that each kind of path takes; what is fuzzed is one of these with something wrong in it. */
function goodBody(path: string): Json {
  if (path.endsWith('/infer')) return inference
  if (path.endsWith('/predict')) return { rows: [row, row], ids: ['a', 'b'], keys: ['k', 'l'], event_time: 1 }
  if (path.endsWith(':predict') || path.endsWith(':explain')) return { instances: [row, row] }
  if (path.endsWith('/explain'))
    return { rows: [row], top: 2, counterfactual: { target: 'other', fixed: ['gate'], max_changes: 2 } }
  if (path.endsWith('/plan')) return { revision: 0, deployments: [] }
  if (path.endsWith('/invocations'))
    return { dataframe_split: { columns: Object.keys(row), data: [Object.values(row)] }, params: {} }
  return { ready: true, parameters: {} }
}

const big = '9'.repeat(400)
/** Written as they are: JSON.stringify would make them harmless. */
const oddTokens: readonly string[] = [
  'null',
  'true',
  'false',
  '-1',
  '0',
  '1',
  '-0',
  '1e309',
  '-1e309',
  '9007199254740993',
  '18446744073709551616',
  '1e-400',
  'NaN',
  'Infinity',
  '-Infinity',
  '""',
  '"a"',
  '"NaN"',
  '"\\u0000"',
  '"\\ud800"',
  '"__proto__"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"__proto__":1}',
  '{"constructor":{"prototype":1}}',
  '[-1,1]',
  '[0,1]',
  '[4294967296,4294967296]',
  '[9007199254740991,9007199254740991]',
  '[1.5,1]',
  '["2",1]',
  '[2,1,1,1,1,1,1,1]',
  `[${'1,'.repeat(2000)}1]`,
  big,
  `"${'x'.repeat(5000)}"`,
  `"${'QUJD'.repeat(2000)}"`,
  '{"binary_data_size":8}',
  '{"binary_data_size":-1}',
  '{"binary_data_size":1e300}',
  '"FP16"',
  '"FP33"',
  '"INT64"',
  '"BYTES"',
  '0x10',
  '01',
  '.5',
  "'a'",
  '+1',
  '1 2',
  '}',
  ']',
  '['.repeat(40),
  '{"a":'.repeat(40),
]

const oddHeaders: readonly string[] = [
  'x-devmlops-priority: -1',
  'x-devmlops-priority: 99999999999',
  'x-devmlops-timeout: abc',
  'x-devmlops-timeout: 0',
  'X-DEVMLOPS-KEY: k',
  'x-devmlops-key: a\r\nx-devmlops-key: b',
  `x-devmlops-key: ${'k'.repeat(300)}`,
  'x-devmlops-log: whenever',
  'x-devmlops-log: before_answer',
  'x-request-id: \u00e9\u00ff',
  `x-request-id: ${'r'.repeat(5000)}`,
  'traceparent: 00-zz',
  'traceparent: a\r\ntraceparent: b',
  'tracestate: =,=,=',
  'authorization: Basic !!!',
  'authorization: Bearer',
  `authorization: Bearer dk_aaaaaaaaaaaa_${'b'.repeat(43)}`,
  'origin: null',
  'content-type: text/csv',
  'content-type: application/parquet',
  'content-type: application/json; charset=utf-16',
  'CONTENT-TYPE: text/plain',
  'content-encoding: gzip',
  'content-encoding: br, gzip',
  'inference-header-content-length: 5',
  'inference-header-content-length: -1',
  'inference-header-content-length: 99999999',
  'inference-header-content-length: 0',
  'Inference-Header-Content-Length: 1e2',
  'ce-id: 1\r\nce-type: x\r\nce-specversion: 9\r\nce-source: s',
  'expect: 100-continue',
  'expect: something',
  'range: bytes=0-1',
  'upgrade: h2c\r\nconnection: upgrade',
  'cookie: a=b',
  'x-a:',
]

const oddPaths: readonly string[] = [
  '/',
  '//',
  '/..',
  '/%',
  '/%ff',
  '/%00',
  '/v2/models',
  '/v2/models//infer',
  '/v2/models/%2e%2e/infer',
  '/v2/models/flights/versions/0/infer',
  '/v2/models/flights/versions/-1',
  '/deployments/__proto__/predict',
  '/deployments/constructor/predict',
  '/v1/models/flights:constructor',
  '/deployments/flights/predict/',
  '/deployments/FLIGHTS/predict',
  '/deployments/flights/predict?x=%ff',
  '/deployments/fl%69ghts/predict',
  `/${'a'.repeat(8000)}`,
  '/metrics?a=b',
  '*',
  'http://other/deployments/flights/predict',
  '/control/plan',
  '/invocations#x',
]
const methods = [
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'POST',
  'TRACE',
  'PROPFIND',
  'constructor',
  'get',
]

/** Shapes of requests that proxies and servers read differently (RFC 9112, section 11.2). */
const smuggling = (path: string): readonly string[] => [
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{"a":1}`,
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
  `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
  `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n`,
  `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n\r\n`,
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: +5\r\n\r\n{"a":1}`,
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n`,
  `POST ${path} HTTP/1.1\r\nhost: x\nx: y\r\ncontent-length: 2\r\n\r\n{}`,
  `POST ${path} HTTP/9.9\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`,
  `POST ${path} HTTP/1.0\r\ncontent-length: 2\r\n\r\n{}`,
  `POST ${path} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}`,
  `POST ${path} HTTP/1.1\r\nhost: x\r\n folded: y\r\ncontent-length: 2\r\n\r\n{}`,
  `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03`,
]

/** One request with something wrong, or nothing: mostly its values, sometimes its form. */
export function fuzzedRequest(random: Random, paths: readonly string[]): FuzzedRequest {
  const pick = <Value>(values: readonly Value[]): Value => values[random.below(values.length)] as Value
  const path = pick(paths)
  const kind = random.below(20)
  if (kind === 0) {
    const text = pick(smuggling(path))
    return { bytes: Buffer.from(text, 'latin1'), what: JSON.stringify(text), mayClose: true }
  }
  if (kind === 1)
    return request({ method: pick(methods), path: pick([...oddPaths, path]), body: Buffer.from('{}') })
  const good = JSON.stringify(goodBody(path))
  let text = good
  for (let count = random.below(3); count >= 0; count--) text = withOddValue(text, random, pick)
  let body: Buffer = Buffer.from(text)
  if (kind === 2) body = flipped(body, random)
  if (kind === 3) body = body.subarray(0, random.below(body.length))
  if (kind === 4) body = Buffer.from(pick(extremeBodies))
  const headers = random.below(3) === 0 ? [pick(oddHeaders)] : []
  return request({ method: 'POST', path, body, headers, isChunked: kind === 5 })
}

const extremeBodies: readonly string[] = [
  '[',
  '['.repeat(100_000),
  '{"a":'.repeat(30_000),
  `{"rows":[${'{},'.repeat(3000)}{}]}`,
  `{"inputs":[${'{"name":"hour","shape":[1],"datatype":"INT32","data":[1]},'.repeat(500)}{}]}`,
  `{"instances":"${'QUJD'.repeat(20_000)}"}`,
  `{"${'k'.repeat(60_000)}":1}`,
  '{"rows":[{"distance":1,"distance":"x"}],"rows":[]}',
  '\u00ef\u00bb\u00bf{}',
  '',
  ' '.repeat(70_000),
  'distance,hour\n1,2,3\n"',
]

/** The text with one of its values, or names, replaced, dropped or doubled. */
function withOddValue(text: string, random: Random, pick: <V>(values: readonly V[]) => V): string {
  const places = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|\[|\{/g)]
  const place = places[random.below(Math.max(1, places.length))]
  if (place === undefined) return text
  const end = place.index + place[0].length
  const replacement = random.below(8) === 0 ? `${place[0]},${place[0]}` : pick(oddTokens)
  return text.slice(0, place.index) + replacement + text.slice(end)
}

function flipped(body: Buffer, random: Random): Buffer {
  const copy = Buffer.from(body)
  for (let count = random.below(4); count >= 0 && copy.length > 0; count--)
    copy[random.below(copy.length)] = random.below(256)
  return copy
}

function request(given: {
  readonly method: string
  readonly path: string
  readonly body: Buffer
  readonly headers?: readonly string[]
  readonly isChunked?: boolean
}): FuzzedRequest {
  const { method, path, body, headers = [], isChunked = false } = given
  const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${body.length}`
  const head = [
    `${method} ${path} HTTP/1.1`,
    'host: x',
    'content-type: application/json',
    ...headers,
    framing,
    '',
    '',
  ]
  const framed = isChunked
    ? Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
    : body
  return {
    bytes: Buffer.concat([
      Buffer.from(head.join('\r\n'), 'latin1'),
      isChunked && body.length === 0 ? Buffer.from('0\r\n\r\n') : framed,
    ]),
    what: `${head.slice(0, -2).join(' | ').slice(0, 300)} ${body.toString('latin1').slice(0, 500)}`,
    mayClose:
      !/^[A-Z]+$/.test(method) || headers.some((header) => /^(?:upgrade|expect|x-request-id)/i.test(header)),
  }
}
