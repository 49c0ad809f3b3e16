import { createClient, httpTransport } from '#contract/client'
import { dataContract } from '#lifecycle/data/contract'
import { governanceContract } from '#lifecycle/governance/contract'
import { monitoringContract } from '#lifecycle/monitoring/contract'
import { pipelinesContract } from '#lifecycle/pipelines/contract'
import { registryContract } from '#lifecycle/registry/contract'
import { servingContract } from '#lifecycle/serving/contract'
import { trackingContract } from '#lifecycle/tracking/contract'
import { readEnvironment } from './environment.ts'
import { createRuns, type LoggingOptions } from './runs.ts'
import { searchRuns, type RunSearchOptions } from './search-runs.ts'

export interface ConnectOptions extends LoggingOptions {
  /** Of the server; `DEVMLOPS_SERVER` when left out, and then `http://127.0.0.1:5000`. */
  readonly url?: string
  /** `DEVMLOPS_TOKEN` when left out. */
  readonly token?: string
  readonly fetch?: typeof fetch
}

/**
 * A typed client of a DevMLOps server: runs to log to, and one group of calls a stage.
 *
 * ```ts
 * const devmlops = connect({ url: 'http://127.0.0.1:5000' })
 * await using run = await devmlops.startRun({ experiment: 'flights', params: { depth: 6 } })
 * run.logMetric('roc_auc', 0.91)
 * await run.end()
 * for await (const { name, metrics } of devmlops.searchRuns({ experiment: 'flights' })) console.log(name, metrics)
 * ```
 *
 * Every call rejects with a {@link DevmlopsError} that has a `code`, a message and a hint.
 */
export function connect(options: ConnectOptions = {}) {
  const environment = readEnvironment()
  const { url = environment.url, token = environment.token } = options
  const transport = httpTransport({
    url,
    ...(token === undefined ? {} : { token }),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  })
  const tracking = createClient(trackingContract, transport)
  const runs = createRuns({ tracking, url, token, journal: environment.journal, ...options })
  return {
    data: createClient(dataContract, transport),
    tracking,
    pipelines: createClient(pipelinesContract, transport),
    registry: createClient(registryContract, transport),
    serving: createClient(servingContract, transport),
    monitoring: createClient(monitoringContract, transport),
    governance: createClient(governanceContract, transport),
    ...runs,
    /** Run by run, newest first unless an order is given; pages are asked for as they are needed. */
    searchRuns: (search: RunSearchOptions = {}) => searchRuns(tracking, search),
  } as const
}

export type DevmlopsClient = ReturnType<typeof connect>
