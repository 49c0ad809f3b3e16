import type { LogFigures } from '../deployment/log.ts'
import { CallerMetrics } from './metrics/caller-metrics.ts'
import { ExplanationMetrics } from './metrics/explanation-metrics.ts'
import { countLines, escapeLabel, gauge, renderFamily, type Family } from './metrics/exposition.ts'
import { batchBounds, Histogram } from './metrics/histogram.ts'
import { peerAliases } from './metrics/peer-aliases.ts'
import { VariantMetrics } from './metrics/variant-metrics.ts'
import { OutcomeCounts } from './scoring/outcome-counts.ts'
import { ShadowMetrics } from './scoring/shadow-counts.ts'

export { VariantMetrics } from './metrics/variant-metrics.ts'

/** Numbers that are read when someone asks, instead of being counted here. */
export interface Gauges {
  readonly ready: boolean
  readonly planRevision: number | undefined
  readonly models: number
  readonly modelBytes: number
  readonly queuedRows: number
  readonly queuedRequests: number
  readonly logs: readonly (LogFigures & { readonly deployment: string })[]
  /** The version that each variant answers with, by its deployment; empty when the peers' names are not wanted. */
  readonly aliasedVersions: readonly {
    readonly deployment: string
    readonly variant: string
    readonly version: number
  }[]
}

/** Counters of one serving process, written in the Prometheus text format 0.0.4. */
export class ServingMetrics {
  readonly #variants = new Map<string, VariantMetrics>()
  readonly #batches = new Map<string, Histogram>()
  readonly callers = new CallerMetrics()
  /** Durable, for who judges variants against each other. */
  readonly outcomes = new OutcomeCounts()
  readonly shadows = new ShadowMetrics()
  readonly explanations = new ExplanationMetrics()
  /** HTTP requests that have begun and are not answered. */
  requestsInFlight = 0
  /** Bytes of bodies in memory; whoever reads them says. */
  bodyBytes: () => number = () => 0
  connections = 0

  /** Requests that failed before a variant was chosen are counted for the variant "". */
  variant(deployment: string, variant: string): VariantMetrics {
    return getOrMake(
      this.#variants,
      `${deployment}/${variant}`,
      () => new VariantMetrics(deployment, variant),
    )
  }

  /** Everything that was counted for a deployment, whatever its variants are called. */
  deployment(name: string): readonly VariantMetrics[] {
    return [...this.#variants.values()].filter(({ deployment }) => deployment === name)
  }

  batchRows(model: string, version: number): (rows: number) => void {
    const labels = batchLabels(model, version)
    const histogram = getOrMake(this.#batches, labels, () => new Histogram(batchBounds))
    return (rows) => histogram.observe(rows)
  }

  /** How often a model was called. */
  executions(model: string, version: number): number {
    return this.#batches.get(batchLabels(model, version))?.count ?? 0
  }

  render(gauges: Gauges): string {
    const variants = [...this.#variants.values()].filter((variant) => variant.requestsByStatus.size > 0)
    const aliased = gauges.aliasedVersions.map(({ deployment, variant, version }) => ({
      metrics: this.variant(deployment, variant),
      version,
    }))
    const families = [
      ...variantFamilies(variants),
      {
        name: 'devmlops_batch_rows',
        type: 'histogram' as const,
        help: 'Rows that were scored together.',
        lines: (name: string) =>
          [...this.#batches].flatMap(([labels, histogram]) => histogram.lines(name, labels)),
      },
      ...this.callers.families(),
      ...this.shadows.families(),
      ...this.explanations.families(),
      ...logFamilies(gauges),
      gauge('devmlops_ready', '1 when every deployment of the plan answers.', gauges.ready ? 1 : 0),
      gauge(
        'devmlops_plan_revision',
        'Revision of the plan in place, -1 before the first.',
        gauges.planRevision ?? -1,
      ),
      gauge('devmlops_models_loaded', 'Models in memory.', gauges.models),
      gauge('devmlops_models_bytes', 'Memory that the models are taken to hold.', gauges.modelBytes),
      gauge('devmlops_queued_rows', 'Rows that wait for a model.', gauges.queuedRows),
      gauge('devmlops_queued_requests', 'Requests that wait for a model.', gauges.queuedRequests),
      gauge('devmlops_requests_in_flight', 'HTTP requests that are not answered yet.', this.requestsInFlight),
      gauge('devmlops_body_bytes', 'Bytes of request bodies in memory.', this.bodyBytes()),
      gauge('devmlops_connections', 'Open HTTP connections.', this.connections),
      ...(aliased.length === 0 ? [] : peerAliases(aliased, gauges.queuedRequests)),
    ]
    return families.map(renderFamily).join('')
  }
}

function batchLabels(model: string, version: number): string {
  return `model="${escapeLabel(model)}",version="${version}"`
}

function variantFamilies(variants: readonly VariantMetrics[]): readonly Family[] {
  const counter = (name: string, help: string, lines: (variant: VariantMetrics) => string[]): Family => ({
    name,
    type: 'counter',
    help,
    lines: () => variants.flatMap(lines),
  })
  const duration = (name: string, help: string, of: (variant: VariantMetrics) => Histogram): Family => ({
    name,
    type: 'histogram',
    help,
    lines: () => variants.flatMap((variant) => of(variant).lines(name, variant.labels)),
  })
  return [
    counter('devmlops_requests_total', 'Prediction requests by HTTP status.', (variant) =>
      countLines('devmlops_requests_total', variant.labels, {
        label: 'code',
        counts: variant.requestsByStatus,
      }),
    ),
    counter('devmlops_request_errors_total', 'Failed requests by what was wrong.', (variant) =>
      countLines('devmlops_request_errors_total', variant.labels, {
        label: 'error',
        counts: variant.errorsByCode,
      }),
    ),
    counter('devmlops_requests_rejected_total', 'Requests turned away, by reason.', (variant) =>
      countLines('devmlops_requests_rejected_total', variant.labels, {
        label: 'reason',
        counts: variant.rejectedByReason,
      }),
    ),
    counter('devmlops_predictions_total', 'Rows scored and answered.', ({ labels, rows }) => [
      `devmlops_predictions_total{${labels}} ${rows}`,
    ]),
    {
      name: 'devmlops_variant_in_flight',
      type: 'gauge',
      help: 'Requests that are being scored.',
      lines: (name) => variants.map(({ labels, inFlight }) => `${name}{${labels}} ${inFlight}`),
    },
    duration(
      'devmlops_request_duration_seconds',
      'Time from the arrival of a request to its answer.',
      ({ latency }) => latency,
    ),
    duration(
      'devmlops_queue_duration_seconds',
      'Time that a request waits for its model.',
      (variant) => variant.queueTime,
    ),
    duration(
      'devmlops_model_duration_seconds',
      'Time that the batch of a request is in the model.',
      (variant) => variant.modelTime,
    ),
    duration(
      'devmlops_log_duration_seconds',
      'Time until the prediction log has a request.',
      (variant) => variant.logTime,
    ),
  ]
}

function logFamilies({ logs }: Gauges): readonly Family[] {
  const perLog = (name: string, help: string, count: Exclude<keyof LogFigures, 'problem'>): Family => ({
    name,
    type: 'counter',
    help,
    lines: () => logs.map((log) => `${name}{deployment="${log.deployment}"} ${log[count]}`),
  })
  return [
    perLog('devmlops_prediction_log_written_total', 'Prediction records on disk.', 'written'),
    perLog('devmlops_prediction_log_lost_total', 'Prediction records that could not be written.', 'lost'),
    perLog(
      'devmlops_prediction_log_dropped_total',
      'Prediction records that came faster than the disk takes them.',
      'dropped',
    ),
    perLog(
      'devmlops_prediction_log_sampled_out_total',
      'Predictions that the sampling rule left out.',
      'sampledOut',
    ),
    perLog('devmlops_prediction_log_torn_total', 'Half-written lines cut off at start.', 'tornLinesCut'),
  ]
}

function getOrMake<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
