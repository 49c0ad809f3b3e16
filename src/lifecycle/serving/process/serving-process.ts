import type { Server } from 'node:http'
import { DevmlopsError, fail } from '#contract/errors'
import type { Clock } from '#platform/clock'
// Not through the database's door, which would load every database driver into the hot path.
import { acquireStoreLock } from '#platform/database/store-lock'
import type { Log } from '#platform/log'
import type { ModelRuntime } from '../model-runtime-point.ts'
import { bearerCheck, putPlan, servingStatus } from './plans/control.ts'
import { jsonAnswer, type RouteTable } from './http/http-call.ts'
import { createHttpServer } from './http/http-server.ts'
import { ServingMetrics } from './metrics.ts'
import { createModelPool, type ModelFiles } from './models/model-pool.ts'
import { PlanKeeper } from './plans/plan-keeper.ts'
import { predictionIds } from './scoring/prediction-id.ts'
import { routeTable, type OperatorRoutes } from './routes.ts'
import type { RoutingTable } from './routing/routing-table.ts'
import type { ServingContext } from './serving-context.ts'

export interface ServingProcessOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Holds the accepted plan and the prediction logs; one process at a time. */
  readonly stateDirectory: string
  readonly files: ModelFiles
  readonly runtime: ModelRuntime
  /** What whoever sends plans must present. */
  readonly controlToken: string
  /** What whoever asks for predictions must present; nothing when it is left out. */
  readonly callerToken?: string | undefined
  readonly clock: Clock
  readonly log: Log
  /** How long a restarted process waits for its models before it listens without those that are still being loaded. */
  readonly restorePatienceMs?: number
  /** Told by `/version` and `/v2`. */
  readonly version?: string
}

/** Whoever starts the process waits not much longer for it to listen. */
const defaultRestorePatienceMs = 8000

export interface ServingProcess {
  readonly url: string
  close(options?: CloseOptions): Promise<void>
}

export interface CloseOptions {
  /** How long to go on answering after readiness is false, until load balancers have noticed. */
  readonly drainMs?: number
  /** When requests that have not ended by then are cut off. */
  readonly timeoutMs?: number
}

/**
 * Starts to answer predictions. The last accepted plan is loaded first, so that the process is ready as soon as it listens;
 * without one it is not ready until the first plan comes. Fails with `store_in_use` when another process holds the folder, and
 * with `port_in_use`. `close` closes the runtime too.
 */
export async function startServingProcess(options: ServingProcessOptions): Promise<ServingProcess> {
  const lock = acquireStoreLock(options.stateDirectory, 'serving')
  try {
    return await startLocked(options, () => lock.release())
  } catch (error) {
    lock.release()
    throw error
  }
}

async function startLocked(options: ServingProcessOptions, unlock: () => void): Promise<ServingProcess> {
  const { clock, log, version = '0.0.0' } = options
  const metrics = new ServingMetrics()
  const pool = createModelPool({ runtime: options.runtime, files: options.files, metrics })
  const { stateDirectory, restorePatienceMs = defaultRestorePatienceMs } = options
  const keeper = new PlanKeeper({ stateDirectory, pool, metrics, clock, log, restorePatienceMs })
  await keeper.restore()

  let draining = false
  const ready = (): boolean =>
    !draining && keeper.table.revision !== undefined && keeper.table.broken.size === 0
  const newId = predictionIds(clock)
  const context: ServingContext = { clock, metrics, version, table: () => keeper.table, ready, newId }
  const startedAt = clock.now()
  const operator: OperatorRoutes = {
    admit: bearerCheck(options.controlToken),
    admitCaller:
      options.callerToken === undefined ? undefined : bearerCheck(options.callerToken, 'The token'),
    putPlan: (call) => putPlan(keeper, call),
    status: () => jsonAnswer(JSON.stringify(servingStatus(keeper, { ready: ready(), startedAt, metrics }))),
    metrics: () => {
      const logs = [...keeper.logs].map(([deployment, { counts }]) => ({ deployment, ...counts }))
      const gauges = {
        ready: ready(),
        planRevision: keeper.table.revision,
        models: pool.size,
        queuedRows: pool.queuedRows,
        logs,
      }
      return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: metrics.render(gauges) }
    },
  }
  const routes = rebuiltPerTable(context, operator)
  const server = createHttpServer({ log, routes, draining: () => draining })
  const port = await listen(server, options)

  let closing: Promise<void> | undefined
  const close = async ({ drainMs = 0, timeoutMs = 30_000 }: CloseOptions = {}): Promise<void> => {
    draining = true
    if (drainMs > 0) await new Promise((resolve) => setTimeout(resolve, drainMs))
    await stopListening(server, timeoutMs)
    await keeper.close()
    await options.runtime.close()
    unlock()
  }
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    close: (closeOptions) => (closing ??= close(closeOptions)),
  }
}

function rebuiltPerTable(context: ServingContext, operator: OperatorRoutes): () => RouteTable {
  let builtFor: RoutingTable | undefined
  let routes: RouteTable = new Map()
  return () => {
    if (builtFor !== context.table()) {
      builtFor = context.table()
      routes = routeTable(context, operator)
    }
    return routes
  }
}

async function listen(server: Server, { host, port }: ServingProcessOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new DevmlopsError('port_in_use', `Port ${port} of ${host} is taken.`, {
              hint: 'Choose another with DEVMLOPS_SERVING_PORT.',
            })
          : error,
      )
    })
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return typeof address === 'object' && address !== null
    ? address.port
    : fail('internal', 'The server has no address.')
}

/** Takes no new connections, lets requests that have begun end, and cuts off what has not ended in time. */
async function stopListening(server: Server, timeoutMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  server.closeIdleConnections()
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const cutOff = setTimeout(() => server.closeAllConnections(), timeoutMs)
  await ended
  clearInterval(idle)
  clearTimeout(cutOff)
}
