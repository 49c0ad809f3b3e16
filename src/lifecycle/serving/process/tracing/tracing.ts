import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Span, SpanOptions } from '@opentelemetry/api'
import type { Log } from '#platform/log'
import { parentOf } from './trace-parent.ts'

/** A part of a request, in the time of `performance.now()`. */
export interface TracedPart {
  readonly name: string
  readonly startAt: number
  readonly endAt: number
  readonly attributes?: Readonly<Record<string, string | number>>
}

/** A request that is traced. Parts are only written down; spans are made when it is answered. */
export interface RequestTrace {
  readonly parts: TracedPart[]
}

export interface TracedRequest {
  readonly headers: IncomingHttpHeaders
  readonly trace: RequestTrace
  readonly startedAt: number
  /** Such as `POST /deployments/flights/predict`. */
  readonly name: string
  readonly status: number
  readonly attributes: Readonly<Record<string, string | number>>
}

export interface Tracing {
  /** Undefined for a request that is not sampled, which then costs nothing more. */
  begin(headers: IncomingHttpHeaders): RequestTrace | undefined
  end(request: TracedRequest): void
  close(): Promise<void>
}

export interface TracingOptions {
  /** Where OTLP over HTTP goes, such as `http://localhost:4318`. */
  readonly endpoint: string
  readonly serviceName: string
  /** Share of the traces that begin here, from 0 to 1. A trace that began elsewhere is sampled as it was there. */
  readonly ratio: number
  readonly log: Log
}

const longestCloseMs = 2_000

/** Sends spans to an OpenTelemetry collector. The packages are loaded here and nowhere else. */
export async function openTracing({ endpoint, serviceName, ratio, log }: TracingOptions): Promise<Tracing> {
  const [api, { resourceFromAttributes }, sdk, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ])
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` })
  const processor = new sdk.BatchSpanProcessor({
    exporter,
    maxQueueSize: 8192,
    scheduledDelayMillis: 1000,
    exportTimeoutMillis: 10_000,
  })
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    // Which requests are sampled is decided before anything is measured for them.
    sampler: new sdk.AlwaysOnSampler(),
    spanProcessors: [processor],
  })
  const tracer = provider.getTracer('devmlops')
  log.info({ endpoint, serviceName, ratio }, 'traces are sent')

  const spanOf = (
    options: SpanOptions,
    name: string,
    parent: Span | undefined,
    headers: IncomingHttpHeaders,
  ) => {
    if (parent !== undefined) {
      return tracer.startSpan(name, options, api.trace.setSpan(api.ROOT_CONTEXT, parent))
    }
    const remote = parentOf(headers)
    if (remote === undefined) return tracer.startSpan(name, { ...options, root: true })
    const { tracestate } = headers
    const context = api.trace.setSpanContext(api.ROOT_CONTEXT, {
      ...remote,
      isRemote: true,
      traceFlags: api.TraceFlags.SAMPLED,
      ...(typeof tracestate === 'string' ? { traceState: api.createTraceState(tracestate) } : {}),
    })
    return tracer.startSpan(name, options, context)
  }

  return {
    begin: (headers) => {
      const sampled = parentOf(headers)?.isSampled ?? isDrawn(ratio)
      return sampled ? { parts: [] } : undefined
    },
    end: ({ headers, trace, startedAt, name, status, attributes }) => {
      const { timeOrigin } = performance
      const startTime = timeOrigin + startedAt
      const server = spanOf(
        {
          kind: api.SpanKind.SERVER,
          startTime,
          attributes: { ...attributes, 'http.response.status_code': status },
        },
        name,
        undefined,
        headers,
      )
      for (const part of trace.parts) {
        const options = { startTime: timeOrigin + part.startAt, attributes: { ...part.attributes } }
        spanOf(options, part.name, server, headers).end(timeOrigin + part.endAt)
      }
      // Only what is the server's fault is an error of a server span (semantic conventions for HTTP).
      if (status >= 500) server.setStatus({ code: api.SpanStatusCode.ERROR })
      server.end(timeOrigin + performance.now())
    },
    close: async () => {
      // A collector that is not there must not hold up a stop.
      const late = new AbortController()
      await Promise.race([
        provider.shutdown().catch(() => undefined),
        sleep(longestCloseMs, undefined, { signal: late.signal }).catch(() => undefined),
      ])
      late.abort()
    },
  }
}

function isDrawn(ratio: number): boolean {
  if (ratio >= 1) return true
  return ratio > 0 && randomBytes(4).readUInt32BE() / 2 ** 32 < ratio
}
