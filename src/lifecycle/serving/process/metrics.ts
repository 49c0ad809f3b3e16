/** Upper ends of the latency buckets, in seconds. */
const latencyBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const batchBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096]

class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#sum += value
  }

  lines(name: string, labels: string): string[] {
    let total = 0
    const buckets = this.#bounds.map((bound, index) => {
      total += this.#counts[index] as number
      return `${name}_bucket{${labels},le="${bound}"} ${total}`
    })
    total += this.#counts[this.#bounds.length] as number
    return [
      ...buckets,
      `${name}_bucket{${labels},le="+Inf"} ${total}`,
      `${name}_sum{${labels}} ${this.#sum}`,
      `${name}_count{${labels}} ${total}`,
    ]
  }
}

/** What is counted for one variant of one deployment; it outlives every swap. */
export class VariantMetrics {
  readonly labels: string
  readonly requestsByStatus = new Map<number, number>()
  readonly latency = new Histogram(latencyBounds)
  rows = 0

  constructor(labels: string) {
    this.labels = labels
  }

  countRequest(status: number): void {
    this.requestsByStatus.set(status, (this.requestsByStatus.get(status) ?? 0) + 1)
  }

  get requests(): number {
    return sum(this.requestsByStatus.values())
  }

  get errors(): number {
    return sum([...this.requestsByStatus].filter(([status]) => status >= 400).map(([, count]) => count))
  }
}

/** Numbers that are read when someone asks, instead of being counted here. */
export interface Gauges {
  readonly ready: boolean
  readonly planRevision: number | undefined
  readonly models: number
  readonly queuedRows: number
  readonly logs: readonly {
    readonly deployment: string
    readonly written: number
    readonly lost: number
    readonly tornLinesCut: number
  }[]
}

/** Counters of one serving process, written in the Prometheus text format 0.0.4. */
export class ServingMetrics {
  readonly #variants = new Map<string, VariantMetrics>()
  readonly #batches = new Map<string, Histogram>()

  /** Requests that failed before a variant was chosen are counted for the variant "". */
  variant(deployment: string, variant: string): VariantMetrics {
    const labels = `deployment="${deployment}",variant="${variant}"`
    return getOrMake(this.#variants, labels, () => new VariantMetrics(labels))
  }

  batchRows(model: string, version: number): (rows: number) => void {
    const labels = `model="${escapeLabel(model)}",version="${version}"`
    const histogram = getOrMake(this.#batches, labels, () => new Histogram(batchBounds))
    return (rows) => histogram.observe(rows)
  }

  render(gauges: Gauges): string {
    const variants = [...this.#variants.values()].filter((variant) => variant.requestsByStatus.size > 0)
    const families: Family[] = [
      {
        name: 'devmlops_requests_total',
        type: 'counter',
        help: 'Prediction requests by HTTP status.',
        lines: (name) =>
          variants.flatMap(({ labels, requestsByStatus }) =>
            [...requestsByStatus].map(([status, count]) => `${name}{${labels},code="${status}"} ${count}`),
          ),
      },
      {
        name: 'devmlops_predictions_total',
        type: 'counter',
        help: 'Rows scored and answered.',
        lines: (name) => variants.map(({ labels, rows }) => `${name}{${labels}} ${rows}`),
      },
      {
        name: 'devmlops_request_duration_seconds',
        type: 'histogram',
        help: 'Time from the arrival of a request to its answer.',
        lines: (name) => variants.flatMap(({ labels, latency }) => latency.lines(name, labels)),
      },
      {
        name: 'devmlops_batch_rows',
        type: 'histogram',
        help: 'Rows that were scored together.',
        lines: (name) => [...this.#batches].flatMap(([labels, histogram]) => histogram.lines(name, labels)),
      },
      perLog('devmlops_prediction_log_written_total', 'Prediction records on disk.', gauges, 'written'),
      perLog(
        'devmlops_prediction_log_lost_total',
        'Prediction records that could not be written.',
        gauges,
        'lost',
      ),
      perLog(
        'devmlops_prediction_log_torn_total',
        'Half-written lines cut off at start.',
        gauges,
        'tornLinesCut',
      ),
      gauge('devmlops_ready', '1 when every deployment of the plan answers.', gauges.ready ? 1 : 0),
      gauge(
        'devmlops_plan_revision',
        'Revision of the plan in place, -1 before the first.',
        gauges.planRevision ?? -1,
      ),
      gauge('devmlops_models_loaded', 'Models in memory.', gauges.models),
      gauge('devmlops_queued_rows', 'Rows that wait for a model.', gauges.queuedRows),
    ]
    return families.map(renderFamily).join('')
  }
}

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly lines: (name: string) => readonly string[]
}

function renderFamily({ name, type, help, lines }: Family): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines(name), ''].join('\n')
}

function perLog(
  name: string,
  help: string,
  { logs }: Gauges,
  count: 'written' | 'lost' | 'tornLinesCut',
): Family {
  return {
    name,
    type: 'counter',
    help,
    lines: () => logs.map((log) => `${name}{deployment="${log.deployment}"} ${log[count]}`),
  }
}

function gauge(name: string, help: string, value: number): Family {
  return { name, type: 'gauge', help, lines: () => [`${name} ${value}`] }
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function getOrMake<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
