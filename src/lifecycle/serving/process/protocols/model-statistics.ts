import type { VariantMetrics } from '../metrics.ts'
import { deploymentNamed } from '../routing/routing-table.ts'
import { variantOfVersion, type ServedVariant } from '../routing/served-deployment.ts'
import type { ServingContext } from '../serving-context.ts'

/** `GET /v2/models[/{m}[/versions/{v}]]/stats` in the shape of Triton's statistics extension; times since the start, in ns. */
export interface ModelStatistics {
  readonly model_stats: readonly ModelStatistic[]
}

interface DurationStatistic {
  readonly count: number
  readonly ns: number
}

interface ModelStatistic {
  readonly name: string
  readonly version: string
  /** Epoch milliseconds; 0 when there was none. */
  readonly last_inference: number
  /** Rows that were answered. */
  readonly inference_count: number
  /** Calls of the model; several requests may be scored in one. */
  readonly execution_count: number
  readonly inference_stats: Readonly<
    Record<
      'success' | 'fail' | 'queue' | 'compute_input' | 'compute_infer' | 'compute_output',
      DurationStatistic
    >
  >
  /** Not counted by size. */
  readonly batch_stats: readonly never[]
}

export function modelStatistics(
  context: ServingContext,
  { name, version }: { readonly name?: string | undefined; readonly version?: string | undefined } = {},
): ModelStatistics {
  const { deployments } = context.table()
  const wanted = name === undefined ? [...deployments.values()] : [deploymentNamed(context.table(), name)]
  return {
    model_stats: wanted.flatMap((deployment) =>
      (version === undefined ? deployment.variants : [variantOfVersion(deployment, version)]).map((variant) =>
        statisticOf(deployment.plan.name, variant, context),
      ),
    ),
  }
}

function statisticOf(
  name: string,
  { plan, metrics }: ServedVariant,
  context: ServingContext,
): ModelStatistic {
  const failed = { count: metrics.errors, ns: nanoseconds(metrics.failedSeconds) }
  const success = {
    count: metrics.latency.count - failed.count,
    ns: Math.max(0, nanoseconds(metrics.latency.sum) - failed.ns),
  }
  return {
    name,
    version: String(plan.version),
    last_inference: metrics.lastTime,
    inference_count: metrics.rows,
    execution_count: context.metrics.executions(plan.model, plan.version),
    inference_stats: {
      success,
      fail: failed,
      queue: durations(metrics.queueTime),
      // Reading and checking a request, and writing its answer, are not measured apart from the whole.
      compute_input: nothing,
      compute_infer: durations(metrics.modelTime),
      compute_output: nothing,
    },
    batch_stats: [],
  }
}

const nothing: DurationStatistic = { count: 0, ns: 0 }

function durations({ count, sum }: VariantMetrics['queueTime']): DurationStatistic {
  return { count, ns: nanoseconds(sum) }
}

function nanoseconds(seconds: number): number {
  return Math.round(seconds * 1e9)
}
