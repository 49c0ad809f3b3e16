import { randomUUID } from 'node:crypto'
import { Hono, type Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { streamSSE } from 'hono/streaming'
import type { Download } from '#contract/endpoint'
import { DevmlopsError, fail, messageOf, toProblem, type Problem } from '#contract/errors'
import { accessBy, authenticate } from '#platform/access/access'
import type { Dispatch, Route } from '#platform/dispatch'
import type { Events } from '#platform/events'
import type { Log } from '#platform/log'
import { explainSystemError } from '#platform/system-error'
import { guard, withSecurityHeaders } from './guard.ts'
import { httpInput, maximumBodyBytes } from './http-input.ts'
import { openapiDocument } from './openapi.ts'
import { isAsset, pageFile } from './page-files.ts'
import type { ServerMetrics } from './server-metrics.ts'

export interface AppOptions {
  readonly routes: readonly Route[]
  readonly dispatch: Dispatch
  readonly events: Events
  readonly log: Log
  readonly metrics: ServerMetrics
  readonly version: string
  readonly token: string | undefined
  readonly loopback: boolean
  /** The built web page. */
  readonly pageDirectory: string
  /** Aborted when the server closes: pages that listen to events would hold it open. */
  readonly closing: AbortSignal
}

/** Often enough that no proxy takes a quiet stream for a dead one. */
const pingMs = 15_000

/** The HTTP door: every route of every stage, the OpenAPI document, health, metrics, live events and the web page. */
export function createApp(options: AppOptions): Hono {
  const { routes, dispatch, events, log, metrics, token } = options
  const app = new Hono()
  const access = accessBy(token)
  const callerOf = (context: Context) =>
    authenticate(
      {
        authorization: context.req.header('authorization'),
        actor: context.req.header('x-devmlops-actor'),
      },
      access,
    )

  app.onError((error, context) => {
    const explained = explainSystemError(error)
    const full = explained instanceof DevmlopsError && explained.code === 'storage_full'
    // Any other word of the operating system is about files of ours: a fault, not an answer.
    const problem = toProblem(full ? explained : error)
    if (problem.code === 'internal') {
      log.error({ path: context.req.path, error: messageOf(error), stack: error.stack }, 'request failed')
      const { hint: _, at: __, ...rest } = problem
      return problemResponse({ ...rest, detail: 'A fault in DevMLOps; the log of the server has it.' })
    }
    return problemResponse(problem)
  })
  app.use(async (context, next) => {
    const startedAt = performance.now()
    await next()
    metrics.observe(context.req.method, context.res.status, (performance.now() - startedAt) / 1000)
  })
  app.use(withSecurityHeaders())
  app.use(guard(options))

  app.get('/health', (context) => context.text('OK'))
  app.get('/metrics', async (context) => {
    callerOf(context)
    return context.text(await metrics.render(), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    })
  })
  app.get('/openapi.json', (context) => context.json(openapiDocument(routes, options.version)))
  app.get('/api/v1/live', (context) => {
    callerOf(context)
    return streamSSE(context, async (stream) => {
      const { promise: left, resolve: leave } = Promise.withResolvers<void>()
      const stop = events.watch(
        (event) => void stream.writeSSE({ data: JSON.stringify(event), id: String(event.sequence) }),
      )
      const ping = (): Promise<void> => stream.writeSSE({ event: 'ping', data: '' })
      const pings = setInterval(() => void ping(), pingMs)
      stream.onAbort(leave)
      options.closing.addEventListener('abort', () => leave(), { once: true })
      if (options.closing.aborted) leave()
      await ping()
      await left
      stop()
      clearInterval(pings)
    })
  })
  const tooLarge = bodyLimit({
    maxSize: maximumBodyBytes,
    onError: () =>
      fail('payload_too_large', `The body is larger than ${maximumBodyBytes / 1024 / 1024} MiB.`),
  })
  for (const route of routes) {
    const upload = route.endpoint.kind === 'upload'
    const answer = async (context: Context): Promise<Response> => {
      const body = upload || context.req.method === 'GET' ? '' : await context.req.text()
      const input = httpInput(route.endpoint, {
        path: context.req.param(),
        query: new URL(context.req.url).searchParams,
        body,
      })
      const output = await dispatch(route, input, {
        caller: callerOf(context),
        requestId: randomUUID(),
        signal: context.req.raw.signal,
        ...(upload && context.req.raw.body !== null ? { body: context.req.raw.body } : {}),
      })
      return route.endpoint.kind === 'download' ? downloadResponse(output as Download) : jsonResponse(output)
    }
    if (upload) app.on(route.endpoint.method, route.endpoint.path, answer)
    else app.on(route.endpoint.method, route.endpoint.path, tooLarge, answer)
  }
  app.all('/api/*', (context) =>
    fail('not_found', `Nothing answers ${context.req.method} ${context.req.path}.`, {
      hint: 'See /openapi.json.',
    }),
  )
  app.get('*', async (context) => {
    const file = await pageFile(options.pageDirectory, context.req.path)
    if (file !== undefined) return file
    if (isAsset(context.req.path)) return context.text('There is no such file.', 404)
    return context.text('The web page is not built: run `npm run build:page`.', 503)
  })
  return app
}

function problemResponse(problem: Problem): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(problem.code === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {}),
    },
  })
}

function jsonResponse(output: unknown): Response {
  const text = JSON.stringify(output ?? {}, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  return new Response(text, { headers: { 'content-type': 'application/json' } })
}

function downloadResponse({ body, contentType, fileName, sizeBytes }: Download): Response {
  return new Response(body as ReadableStream<Uint8Array>, {
    headers: {
      'content-type': contentType,
      'content-disposition': `attachment; filename="${fileName.replaceAll(/[^\w.-]/g, '_')}"`,
      ...(sizeBytes === undefined ? {} : { 'content-length': String(sizeBytes) }),
    },
  })
}
