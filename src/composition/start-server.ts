import { dirname, join } from 'node:path'
import { mlflowDoor } from '#adapters/mlflow/index'
import { fail } from '#contract/errors'
import { monitoringGauges } from '#lifecycle/monitoring/index'
import { findProject } from '#lifecycle/project/index'
import { readConfig, type ConfigOverrides } from '#platform/config'
import { acquireStoreLock } from '#platform/database/index'
import { createLog } from '#platform/log'
import { createApp } from '#server/app'
import { doorListener } from '#server/door-listener'
import { announce, listen, type Listening } from '#server/listen'
import { createServerMetrics } from '#server/server-metrics'
import { openPlatform } from './platform.ts'
import { createProgram } from './program.ts'
import { readProjectAt } from './project-source.ts'
import { version } from './version.ts'

export interface RunningServer {
  readonly url: string
  readonly projectName: string
  /** Why the endpoints do not answer. */
  readonly servingProblem?: Error
  close(): Promise<void>
}

export type ServerOptions = Pick<ConfigOverrides, 'host' | 'port' | 'servingPort' | 'home'> & {
  readonly directory: string
}

const loopback = new Set(['127.0.0.1', 'localhost', '::1'])

/** Opens the store, listens, and then takes up work. */
export async function startServer({ directory, ...overrides }: ServerOptions): Promise<RunningServer> {
  const projectDirectory = dirname(await findProject(directory))
  const config = readConfig({ projectDirectory, ...overrides })
  if (!loopback.has(config.host) && config.token === undefined) {
    fail('invalid_input', `Listening on ${config.host} would let everybody in.`, {
      hint: 'Set DEVMLOPS_TOKEN; every caller then sends it.',
    })
  }
  const { name } = await readProjectAt(projectDirectory)
  const lock = config.databaseUrl === undefined ? acquireStoreLock(config.home, 'server') : undefined
  const log = createLog(config.logLevel === 'info' ? 'warn' : config.logLevel)
  const platform = await openPlatform(config, log).catch((error: unknown) => {
    lock?.release()
    throw error
  })
  const closing = new AbortController()
  let url: string | undefined
  const program = createProgram({
    platform,
    directory: projectDirectory,
    trackingUri: () => url,
    serve: true,
  })
  const metrics = createServerMetrics(monitoringGauges(program.services.monitoring))
  const access = { metrics, token: config.token, loopback: loopback.has(config.host) }
  const app = createApp({
    ...access,
    routes: program.routes,
    dispatch: program.dispatch,
    events: platform.events,
    log,
    version,
    pageDirectory: join(import.meta.dirname, '..', '..', 'dist', 'ui'),
    closing: closing.signal,
  })
  let listening: Listening | undefined
  const close = async (): Promise<void> => {
    closing.abort()
    await listening?.close()
    await program.close()
    await platform.close()
    lock?.release()
  }
  try {
    const doors = [mlflowDoor({ ...program.services, dispatch: program.dispatch, log })]
    listening = await listen(app, {
      host: config.host,
      port: config.port,
      before: (next) => doorListener({ ...access, doors }, next),
    })
    url = listening.url
    const { servingProblem } = await program.start()
    const withdraw = await announce(config.home, url)
    return {
      url,
      projectName: name,
      ...(servingProblem === undefined ? {} : { servingProblem }),
      close: async () => {
        withdraw()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}
