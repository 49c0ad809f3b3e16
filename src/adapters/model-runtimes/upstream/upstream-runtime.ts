import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type {
  LoadedModel,
  ModelRuntime,
  ModelSource,
  ScoreCall,
  UpstreamPlan,
  UpstreamTensor,
} from '#lifecycle/serving/model-runtime-point'
import type { Log } from '#platform/log'
import { createCircuitBreaker, type CircuitBreaker } from './circuit-breaker.ts'
import { createHttpClient, type HttpClient, type Reply } from './http-exchange.ts'
import { decodeAnswer, encodeRequest } from './tensor-codec.ts'

export interface UpstreamRuntimeOptions {
  /** Variables of this process that hold what headers need. */
  readonly variable: (name: string) => string | undefined
  readonly log: Log
  /** How long the first probe of a server that failed waits. */
  readonly probePauseMs?: number
}

/** Requests that are on their way at a time; the other server has a queue of its own. */
const parallelBatches = 16
const describeTimeoutMs = 3_000

/** Scores by asking another server that speaks the Open Inference Protocol, version 2, over HTTP. */
export function createUpstreamRuntime(options: UpstreamRuntimeOptions): ModelRuntime {
  const open = new Set<() => void>()
  return {
    name: 'upstream',
    load: async (source) => {
      const { label, signature, upstream } = source
      if (upstream === undefined) return fail('internal', `${label} is no model of another server.`)
      const client = createHttpClient(upstream.url)
      const headers = headersOf(upstream, options.variable)
      const path = modelPath(upstream)
      const breaker = createCircuitBreaker({
        failures: upstream.failures,
        ...(options.probePauseMs === undefined ? {} : { firstPauseMs: options.probePauseMs }),
        probe: async () => {
          const deadlineAt = performance.now() + describeTimeoutMs
          const { status } = await client.send({ method: 'GET', path: `${path}/ready`, headers, deadlineAt })
          if (status === 200)
            options.log.info({ model: label, upstream: upstream.url }, 'another server answers again')
          return status === 200
        },
      })
      const close = (): void => {
        breaker.close()
        client.close()
        open.delete(close)
      }
      open.add(close)
      try {
        await compareWithServer(source, { client, headers, path, breaker })
      } catch (error) {
        close()
        throw error
      }
      const given = { upstream, inputs: signature.inputs, client, headers, path, breaker }
      return {
        platform: 'upstream_oip',
        parallelBatches,
        outputs: signature.outputs,
        // A row that nobody asked for may cost money there.
        isWarm: true,
        memoryBytes: () => 0,
        health: () => breaker.reason,
        score: (batch, call) => score(batch, call, given),
        release: async () => close(),
      }
    },
    close: async () => {
      for (const close of open) close()
    },
  }
}

function modelPath({ name, version }: UpstreamPlan): string {
  return `/v2/models/${encodeURIComponent(name)}${version === undefined ? '' : `/versions/${version}`}`
}

function headersOf(
  { headers, url }: UpstreamPlan,
  variable: UpstreamRuntimeOptions['variable'],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([header, from]) => [
      header.toLowerCase(),
      variable(from) ??
        fail(
          'invalid_input',
          `The environment variable ${from} is not set; ${url} needs it as the header ${header}.`,
        ),
    ]),
  )
}

interface Connection {
  readonly client: HttpClient
  readonly headers: Readonly<Record<string, string>>
  readonly path: string
  readonly breaker: CircuitBreaker
}

/** What was deployed must be what is there. A server that is away is waited for; it does not hold up anybody else. */
async function compareWithServer(
  { label, upstream }: ModelSource,
  { client, headers, path, breaker }: Connection,
): Promise<void> {
  let reply: Reply
  try {
    reply = await client.send({
      method: 'GET',
      path,
      headers,
      deadlineAt: performance.now() + describeTimeoutMs,
    })
  } catch (error) {
    return breaker.open(messageOf(error))
  }
  const { status, body } = reply
  if (status === 404 || status === 401 || status === 403) {
    fail('invalid_input', `${upstream?.url} answers ${status} for ${label}: ${textOf(body)}`)
  }
  if (status !== 200) return breaker.open(`${upstream?.url} answers ${status}: ${textOf(body)}`)
  const said = JSON.parse(body.toString('utf8')) as { inputs?: UpstreamTensor[]; outputs?: UpstreamTensor[] }
  for (const kind of ['inputs', 'outputs'] as const) {
    for (const { name, datatype } of upstream?.[kind] ?? []) {
      const found = said[kind]?.find((tensor) => tensor.name === name)
      if (found?.datatype === datatype) continue
      fail(
        'invalid_input',
        `${label} was deployed with the tensor "${name}" of ${datatype}; ${upstream?.url} ${found === undefined ? 'has none of that name' : `has it as ${found.datatype}`}.`,
        { hint: 'Deploy it again, so that it is described anew.' },
      )
    }
  }
}

async function score(
  batch: Parameters<LoadedModel['score']>[0],
  call: ScoreCall | undefined,
  {
    upstream,
    inputs,
    client,
    headers,
    path,
    breaker,
  }: Connection & { upstream: UpstreamPlan; inputs: ModelSource['signature']['inputs'] },
): ReturnType<LoadedModel['score']> {
  if (breaker.reason !== undefined) {
    fail('not_ready', `${upstream.url} does not answer at the moment: ${breaker.reason}`, {
      hint: 'It is tried again by itself; send the request again a little later.',
    })
  }
  const { body, jsonBytes } = encodeRequest(batch, {
    inputs,
    tensors: upstream.inputs,
    binary: upstream.binary,
  })
  const type =
    jsonBytes === undefined
      ? { 'content-type': 'application/json' }
      : { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(jsonBytes) }
  const deadlineAt = Math.min(call?.deadlineAt ?? Infinity, performance.now() + upstream.timeoutMs)
  let reply: Reply
  try {
    reply = await client.send({
      method: 'POST',
      path: `${path}/infer`,
      headers: { ...headers, ...type },
      body,
      deadlineAt,
    })
  } catch (error) {
    breaker.failed(messageOf(error))
    throw error
  }
  if (reply.status >= 500) breaker.failed(`it answers ${reply.status}: ${textOf(reply.body)}`)
  else breaker.succeeded()
  if (reply.status !== 200) refuse(upstream.url, reply)
  const header = Number(reply.headers['inference-header-content-length'])
  try {
    const answer = { body: reply.body, jsonBytes: Number.isSafeInteger(header) ? header : undefined }
    return {
      rows: batch.rows,
      outputs: decodeAnswer(answer, { tensors: upstream.outputs, rows: batch.rows }),
    }
  } catch (error) {
    const why =
      error instanceof DevmlopsError ? error.message : `it is no answer of the protocol (${messageOf(error)})`
    return fail('server_unreachable', `${upstream.url} answers what cannot be read: ${why}`, { cause: error })
  }
}

/** The other server's own words, with a status that says whose fault it is. */
function refuse(url: string, { status, body }: Reply): never {
  const message = `${url} answers ${status}: ${textOf(body)}`
  if (status === 400 || status === 422 || status === 413) return fail('invalid_input', message)
  if (status === 429) return fail('rate_limited', message)
  if (status === 504 || status === 408) return fail('timed_out', message)
  return fail('not_ready', message)
}

function textOf(body: Buffer): string {
  const text = body.toString('utf8', 0, 2000)
  try {
    const { error, detail } = JSON.parse(text) as { error?: unknown; detail?: unknown }
    if (typeof error === 'string') return error
    if (typeof detail === 'string') return detail
  } catch {
    // Not JSON: the text itself.
  }
  return text.slice(0, 300)
}
