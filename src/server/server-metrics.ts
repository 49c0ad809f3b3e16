/** Counts of this process in Prometheus' text format. A gauge's value is asked for when the page is read. */
export interface ServerMetrics {
  observe(method: string, status: number, seconds: number): void
  render(): Promise<string>
}

export interface Gauge {
  readonly name: string
  readonly help: string
  read(): Promise<readonly { labels: Readonly<Record<string, string>>; value: number }[]>
}

/** The buckets that OpenTelemetry recommends for `http.server.request.duration`, in seconds. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

export function createServerMetrics(gauges: readonly Gauge[]): ServerMetrics {
  const requests = new Map<string, number>()
  const counts = buckets.map(() => 0)
  let sum = 0
  let total = 0
  return {
    observe: (method, status, seconds) => {
      const key = labels({ method, code: String(status) })
      requests.set(key, (requests.get(key) ?? 0) + 1)
      sum += seconds
      total += 1
      for (const [index, bound] of buckets.entries())
        if (seconds <= bound) counts[index] = (counts[index] ?? 0) + 1
    },
    render: async () => {
      const lines = [
        '# HELP devmlops_http_requests_total Requests answered.',
        '# TYPE devmlops_http_requests_total counter',
      ]
      for (const [key, value] of requests) lines.push(`devmlops_http_requests_total${key} ${value}`)
      const duration = 'devmlops_http_request_duration_seconds'
      lines.push(`# HELP ${duration} Time to answer.`, `# TYPE ${duration} histogram`)
      for (const [index, bound] of buckets.entries())
        lines.push(`${duration}_bucket{le="${bound}"} ${counts[index]}`)
      lines.push(
        `${duration}_bucket{le="+Inf"} ${total}`,
        `${duration}_sum ${sum}`,
        `${duration}_count ${total}`,
      )
      const { rss, heapUsed } = process.memoryUsage()
      lines.push('# TYPE process_resident_memory_bytes gauge', `process_resident_memory_bytes ${rss}`)
      lines.push('# TYPE nodejs_heap_size_used_bytes gauge', `nodejs_heap_size_used_bytes ${heapUsed}`)
      for (const gauge of gauges) {
        lines.push(`# HELP ${gauge.name} ${gauge.help}`, `# TYPE ${gauge.name} gauge`)
        for (const point of await gauge.read())
          lines.push(`${gauge.name}${labels(point.labels)} ${point.value}`)
      }
      return `${lines.join('\n')}\n`
    },
  }
}

function labels(pairs: Readonly<Record<string, string>>): string {
  const inner = Object.entries(pairs).map(([name, value]) => `${name}="${escaped(value)}"`)
  return inner.length === 0 ? '' : `{${inner.join(',')}}`
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
