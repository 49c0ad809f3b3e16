import { createClient, httpTransport, type HttpTransportOptions } from '#contract/client'
import { dataContract } from '#lifecycle/data/contract'
import { governanceContract } from '#lifecycle/governance/contract'
import { monitoringContract } from '#lifecycle/monitoring/contract'
import { pipelinesContract } from '#lifecycle/pipelines/contract'
import { registryContract } from '#lifecycle/registry/contract'
import { servingContract } from '#lifecycle/serving/contract'
import { trackingContract } from '#lifecycle/tracking/contract'

export { DevmlopsError, type ErrorCode } from '#contract/errors'

/**
 * A typed client of a DevMLOps server, one group of calls a stage.
 *
 * ```ts
 * const devmlops = connect({ url: 'http://127.0.0.1:5000' })
 * const run = await devmlops.tracking.createRun({ name: 'first try' })
 * await devmlops.tracking.logBatch({ runId: run.id, metrics: [{ key: 'roc_auc', value: 0.91 }] })
 * ```
 *
 * Every call rejects with a {@link DevmlopsError} that has a `code`, a message and a hint.
 */
export function connect(options: HttpTransportOptions) {
  const transport = httpTransport(options)
  return {
    data: createClient(dataContract, transport),
    tracking: createClient(trackingContract, transport),
    pipelines: createClient(pipelinesContract, transport),
    registry: createClient(registryContract, transport),
    serving: createClient(servingContract, transport),
    monitoring: createClient(monitoringContract, transport),
    governance: createClient(governanceContract, transport),
  } as const
}

export type DevmlopsClient = ReturnType<typeof connect>
