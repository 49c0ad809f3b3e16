import type { Family } from './exposition.ts'
import type { Histogram } from './histogram.ts'
import type { VariantMetrics } from './variant-metrics.ts'

/** A variant with what its peers' labels want to know. */
export interface AliasedVariant {
  readonly metrics: VariantMetrics
  readonly version: number
}

/**
 * The same figures under the names of KServe, MLServer and Triton, so that dashboards made for them go on working. Our
 * deployment is their model; the label `variant` is ours, since two variants may answer with one version.
 */
export function peerAliases(variants: readonly AliasedVariant[], queuedRequests: number): readonly Family[] {
  const byVersion = ({ metrics, version }: AliasedVariant): string =>
    `model_name="${metrics.deployment}",model_version="${version}",variant="${metrics.variant}"`
  const triton = ({ metrics, version }: AliasedVariant): string =>
    `model="${metrics.deployment}",version="${version}",variant="${metrics.variant}"`
  const counter = (
    name: string,
    help: string,
    line: (variant: AliasedVariant) => readonly string[],
  ): Family => ({ name, type: 'counter', help, lines: () => variants.flatMap(line) })
  const microseconds = (name: string, help: string, timeOf: (metrics: VariantMetrics) => Histogram): Family =>
    counter(name, help, (variant) => [
      `${name}{${triton(variant)}} ${Math.round(timeOf(variant.metrics).sum * 1e6)}`,
    ])
  const succeeded = ({ metrics }: AliasedVariant): number => metrics.requests - metrics.errors
  return [
    {
      name: 'request_predict_seconds',
      type: 'histogram',
      help: 'KServe: time in the model.',
      lines: (name) =>
        variants.flatMap((variant) => variant.metrics.modelTime.lines(name, byVersion(variant))),
    },
    counter('model_infer_request_success_total', 'MLServer: requests that were answered.', (variant) => [
      `model_infer_request_success_total{${byVersion(variant)}} ${succeeded(variant)}`,
    ]),
    counter('model_infer_request_failure_total', 'MLServer: requests that failed.', (variant) => [
      `model_infer_request_failure_total{${byVersion(variant)}} ${variant.metrics.errors}`,
    ]),
    {
      name: 'model_infer_request_duration',
      type: 'summary',
      help: 'MLServer: time of a request.',
      lines: (name) =>
        variants.flatMap((variant) => [
          `${name}_sum{${byVersion(variant)}} ${variant.metrics.latency.sum}`,
          `${name}_count{${byVersion(variant)}} ${variant.metrics.latency.count}`,
        ]),
    },
    counter('nv_inference_request_success', 'Triton: requests that were answered.', (variant) => [
      `nv_inference_request_success{${triton(variant)}} ${succeeded(variant)}`,
    ]),
    counter('nv_inference_request_failure', 'Triton: requests that failed.', (variant) =>
      tritonReasons(variant.metrics).map(
        ([reason, count]) => `nv_inference_request_failure{${triton(variant)},reason="${reason}"} ${count}`,
      ),
    ),
    counter('nv_inference_count', 'Triton: rows that were scored.', (variant) => [
      `nv_inference_count{${triton(variant)}} ${variant.metrics.rows}`,
    ]),
    microseconds('nv_inference_request_duration_us', 'Triton: time of requests.', ({ latency }) => latency),
    microseconds(
      'nv_inference_queue_duration_us',
      'Triton: time in the queue.',
      ({ queueTime }) => queueTime,
    ),
    microseconds(
      'nv_inference_compute_infer_duration_us',
      'Triton: time in the model.',
      ({ modelTime }) => modelTime,
    ),
    {
      name: 'nv_inference_pending_request_count',
      type: 'gauge',
      help: 'Triton: requests that wait for a model.',
      lines: (name) => [`${name} ${queuedRequests}`],
    },
  ]
}

function tritonReasons(metrics: VariantMetrics): readonly (readonly [string, number])[] {
  const rejected = [...metrics.rejectedByReason.values()].reduce((total, count) => total + count, 0)
  const backend = [...metrics.requestsByStatus]
    .filter(([status]) => status === 500)
    .reduce((total, [, count]) => total + count, 0)
  return [
    ['REJECTED', rejected],
    ['BACKEND', backend],
    ['OTHER', Math.max(0, metrics.errors - rejected - backend)],
  ]
}
