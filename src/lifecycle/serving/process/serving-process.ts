import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fail, messageOf } from '#contract/errors'
import type { Clock } from '#platform/clock'
// Not through the database's door, which would load every database driver into the hot path.
import { acquireStoreLock, type StoreLock } from '#platform/database/store-lock'
import type { Log } from '#platform/log'
import type { ModelRuntime } from '../model-runtime-point.ts'
import { Access } from './access/access.ts'
import { administratorCheck } from './access/administrator.ts'
import { bearerCheck, putPlan, servingStatus } from './plans/control.ts'
import type { GrpcServer } from './grpc/grpc-server.ts'
import { jsonAnswer, type RouteTable } from './http/http-call.ts'
import { createHttpServer, type HttpLimits } from './http/http-server.ts'
import { isLoopback, listen, portOf, urlHost } from './http/listening.ts'
import { stopListening } from './http/stop-listening.ts'
import { ServingMetrics, type Gauges } from './metrics.ts'
import { createFeatureValues } from './features/feature-values.ts'
import { passSocket, type InheritedSocket, type Predecessor } from './handover.ts'
import { openKnownModels, type KnownModels } from './models/known-models.ts'
import { exampleRowOf } from './models/example-row.ts'
import { createModelPool, type ModelFiles, type ModelPool } from './models/model-pool.ts'
import { warmUp } from './models/warm-up.ts'
import { PlanKeeper } from './plans/plan-keeper.ts'
import { keepOutcomes } from './scoring/outcome-counts.ts'
import { parquetBodies } from './protocols/parquet-body.ts'
import type { TextHash } from './scoring/record-line.ts'
import { predictionIds } from './scoring/prediction-id.ts'
import { routeTable, type OperatorRoutes } from './routes.ts'
import type { RoutingTable } from './routing/routing-table.ts'
import type { TlsFiles } from './http/tls-files.ts'
import type { Tracing, TracingOptions } from './tracing/tracing.ts'
import type { ServingContext } from './serving-context.ts'

export { predecessorOf } from './handover.ts'

export { openTlsFiles } from './http/tls-files.ts'
export type { Tracing } from './tracing/tracing.ts'

/** Sends traces to a collector; its packages are loaded with it and not with this file. */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const { openTracing } = await import('./tracing/tracing.ts')
  return openTracing(options)
}

export interface ServingProcessOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Of gRPC: 0 picks a free one; undefined serves none. */
  readonly grpcPort?: number | undefined
  /** Holds the accepted plan and the prediction logs; one process at a time. */
  readonly stateDirectory: string
  readonly files: ModelFiles
  readonly runtime: ModelRuntime
  /** The folder below which the values of feature views were materialized; undefined: nothing is looked up. */
  readonly featureHome?: string | undefined
  /** Processes of a Python model; for estimates of memory. */
  readonly pythonWorkers?: number | undefined
  /** What whoever sends plans must present. */
  readonly controlToken: string
  /** What whoever asks for predictions must present; nothing when it is left out. */
  readonly callerToken?: string | undefined
  readonly clock: Clock
  readonly log: Log
  /** How long a restarted process waits for its models before it listens without those that are still being loaded. */
  readonly restorePatienceMs?: number
  readonly httpLimits?: Partial<HttpLimits> | undefined
  /** Plain HTTP when it is left out; closed with the process. */
  readonly tls?: TlsFiles | undefined
  /** Sends traces of requests; closed with the process. */
  readonly tracing?: Tracing | undefined
  /** What columns of the prediction log with the rule `hash` become; without it they are hidden. */
  readonly hashText?: TextHash | undefined
  /** Told by `/version` and `/v2`. */
  readonly version?: string
  /** The process whose place this one takes, with its socket and its folder. */
  readonly predecessor?: Predecessor | undefined
  /** Starts a process that takes the place of this one; undefined: this one cannot be replaced. */
  readonly startSuccessor?: (() => ChildProcess) | undefined
}

/** Whoever starts the process waits not much longer for it to listen. */
const defaultRestorePatienceMs = 8000
/** How long the process before may take to end what it has begun. */
const folderPatienceMs = 40_000

export interface ServingProcess {
  readonly url: string
  /** `host:port` of gRPC; undefined when it is off, or when its port was taken. */
  readonly grpcAddress: string | undefined
  /** The paths that are answered under the plan in place. */
  routes(): RouteTable
  close(options?: CloseOptions): Promise<void>
  /** Settles when another process has taken the place of this one; never, if none does. */
  readonly replaced: Promise<void>
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
  const { predecessor } = options
  if (predecessor === undefined) {
    return holding(acquireStoreLock(options.stateDirectory, 'serving'), async (lock) =>
      startWith({ ...(await openPool(options)), lock }, options),
    )
  }
  const opened = await openPool(options)
  const cool = await warmUp(opened.pool, options.stateDirectory)
  const socket = await predecessor.takeSocket()
  return holding(await lockAfter(options.stateDirectory), async (lock) => {
    const started = await startWith({ ...opened, lock, socket }, options)
    cool()
    return started
  })
}

async function holding<T>(lock: StoreLock, work: (lock: StoreLock) => Promise<T>): Promise<T> {
  try {
    return await work(lock)
  } catch (error) {
    lock.release()
    throw error
  }
}

/** The process before closes its logs first. */
async function lockAfter(stateDirectory: string): Promise<StoreLock> {
  const until = performance.now() + folderPatienceMs
  for (;;) {
    try {
      return acquireStoreLock(stateDirectory, 'serving')
    } catch (error) {
      if (performance.now() > until) throw error
      await sleep(5)
    }
  }
}

interface Opened {
  readonly pool: ModelPool
  readonly metrics: ServingMetrics
  readonly known: KnownModels
}

async function openPool(options: ServingProcessOptions): Promise<Opened> {
  const metrics = new ServingMetrics()
  const known = await openKnownModels(options.stateDirectory)
  const { runtime, files, log, pythonWorkers } = options
  return { pool: createModelPool({ runtime, files, metrics, known, log, pythonWorkers }), metrics, known }
}

async function startWith(
  {
    pool,
    metrics,
    known,
    lock,
    socket,
  }: Opened & { readonly lock: StoreLock; readonly socket?: InheritedSocket },
  options: ServingProcessOptions,
): Promise<ServingProcess> {
  const { clock, log, version = '0.0.0' } = options
  const { stateDirectory, restorePatienceMs = defaultRestorePatienceMs } = options
  const features = createFeatureValues(options.featureHome)
  const { callerToken, controlToken } = options
  const access = new Access({ isLoopback: isLoopback(options.host), callerToken, controlToken, clock })
  const keeper = new PlanKeeper({
    stateDirectory,
    pool,
    features,
    metrics,
    access,
    clock,
    log,
    restorePatienceMs,
    hashText: options.hashText,
  })
  const outcomes = await keepOutcomes({ counts: metrics.outcomes, stateDirectory, clock, log })
  await keeper.restore()

  let draining = false
  const ready = (): boolean =>
    !draining && keeper.table.revision !== undefined && keeper.table.broken.size === 0
  const newId = predictionIds(clock)
  const context: ServingContext = {
    clock,
    metrics,
    access,
    version,
    table: () => keeper.table,
    ready,
    newId,
    repository: keeper,
    parquet: parquetBodies(join(stateDirectory, 'parquet-bodies')),
    exampleRow: (plan) => exampleRowOf(plan, options.files),
  }
  const startedAt = clock.now()
  const operator: OperatorRoutes = {
    admit: bearerCheck(options.controlToken),
    admitTo: (scope) => (headers, connection, target) => access.admit({ headers, connection, target }, scope),
    putPlan: (call) => putPlan(keeper, call),
    replace: async () => {
      const { startSuccessor } = options
      if (startSuccessor === undefined || draining)
        return fail('conflict', 'This serving process cannot be replaced.')
      const successor = startSuccessor()
      // Answered before: the request is one of those that must end.
      setImmediate(
        () =>
          void replace(successor).catch((error: unknown) => {
            log.error({ error: messageOf(error) }, 'the serving process was not replaced')
          }),
      )
      return jsonAnswer(JSON.stringify({ pid: successor.pid }), 202)
    },
    status: () => jsonAnswer(JSON.stringify(servingStatus(keeper, { ready: ready(), startedAt, metrics }))),
    metrics: () => {
      const logs = [...keeper.logs].map(([deployment, { figures }]) => ({ deployment, ...figures }))
      const gauges = {
        ready: ready(),
        planRevision: keeper.table.revision,
        models: pool.size,
        modelBytes: pool.heldBytes,
        queuedRows: pool.queuedRows,
        queuedRequests: pool.queuedRequests,
        aliasedVersions: aliasedVersions(keeper),
        logs,
      }
      return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: metrics.render(gauges) }
    },
  }
  const routes = rebuiltPerTable(context, operator)
  const server = createHttpServer({
    log,
    clock,
    access,
    metrics,
    routes,
    limits: options.httpLimits,
    tracing: options.tracing,
    tls: options.tls,
    draining: () => draining,
  })
  socket?.giveTo(server)
  const port = socket === undefined ? await listen(server, options) : portOf(server)
  const grpc = await listenGrpc(options, context, operator)

  const replaced = Promise.withResolvers<void>()
  const replace = async (successor: ChildProcess): Promise<void> => {
    await passSocket(server, successor)
    draining = true
    await (closing ??= close())
    replaced.resolve()
  }
  let closing: Promise<void> | undefined
  const close = async ({ drainMs = 0, timeoutMs = 30_000 }: CloseOptions = {}): Promise<void> => {
    draining = true
    if (drainMs > 0) await new Promise((resolve) => setTimeout(resolve, drainMs))
    await Promise.all([stopListening(server, timeoutMs, socket?.early), grpc?.close(timeoutMs)])
    await keeper.close()
    await outcomes.close()
    await options.tracing?.close()
    options.tls?.close()
    await options.runtime.close()
    await known.close()
    features.close()
    lock.release()
  }
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${urlHost(options.host)}:${port}`,
    grpcAddress: grpc === undefined ? undefined : `${urlHost(options.host)}:${grpc.port}`,
    routes,
    close: (closeOptions) => (closing ??= close(closeOptions)),
    replaced: replaced.promise,
  }
}

/** REST is what everybody needs: it goes on when gRPC's port is taken, and the log says so. */
async function listenGrpc(
  { host, grpcPort, log, tls }: ServingProcessOptions,
  serving: ServingContext,
  operator: OperatorRoutes,
): Promise<GrpcServer | undefined> {
  if (grpcPort === undefined) return undefined
  const { startGrpcServer } = await import('./grpc/grpc-server.ts')
  try {
    return await startGrpcServer({
      host,
      port: grpcPort,
      serving,
      log,
      tls,
      admit: { predict: operator.admitTo('predict'), control: administratorCheck(operator) },
    })
  } catch (error) {
    log.warn({ error: messageOf(error) }, 'gRPC is not served')
    return undefined
  }
}

/** What the peers call a version, where their names are wanted. */
function aliasedVersions({ plan, table }: PlanKeeper): Gauges['aliasedVersions'] {
  if (plan?.metricAliases !== true) return []
  return [...table.deployments].flatMap(([deployment, { variants }]) =>
    variants.map(({ name, plan: { version } }) => ({ deployment, variant: name, version })),
  )
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
