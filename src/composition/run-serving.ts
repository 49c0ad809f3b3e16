import { spawn, type ChildProcess } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '#contract/errors'
import {
  openTlsFiles,
  predecessorOf,
  startServingProcess,
  startTracing,
  type Tracing,
} from '#lifecycle/serving/process/serving-process'
import { openBlobs } from '#platform/blobs/index'
import { systemClock } from '#platform/clock'
import { childEnvironment, environmentVariable, readConfig, type Config } from '#platform/config'
import { createLog, type Log } from '#platform/log'
import { modelRuntimes } from './model-runtimes.ts'
import { version } from './version.ts'

/** Less than whoever sends a plan waits for its answer. */
const buildPatienceMs = 240_000

/** The hot path: a process of its own that answers predictions and nothing else. Started by the server. */
export async function runServingProcess(): Promise<void> {
  const config = readConfig()
  const log = createLog(config.logLevel)
  const stateDirectory = required('DEVMLOPS_SERVING_DIRECTORY')
  const serving = await startServingProcess({
    host: config.host,
    port: config.servingPort,
    grpcPort: config.grpcPort,
    stateDirectory,
    files: await openBlobs(config),
    runtime: modelRuntimes({ config, log, buildPatienceMs }),
    pythonWorkers: config.pythonWorkers,
    featureHome: config.home,
    controlToken: required('DEVMLOPS_SERVING_TOKEN'),
    callerToken: config.token,
    clock: systemClock,
    log,
    version,
    tls: config.servingTls === undefined ? undefined : openTlsFiles({ ...config.servingTls, log }),
    tracing: await tracingOf(config, log),
    hashText: await textHash(config.maskingKey),
    predecessor: isSuccessor() ? predecessorOf(process) : undefined,
    startSuccessor,
  })
  const listening = join(stateDirectory, 'listening.json')
  await writeFile(
    `${listening}.new`,
    JSON.stringify({ pid: process.pid, url: serving.url, grpc: serving.grpcAddress }),
    { mode: 0o600 },
  )
  await rename(`${listening}.new`, listening)
  log.info({ url: serving.url, grpc: serving.grpcAddress }, 'serving')
  // Only how it began: from here on the channel would keep the process before alive.
  if (process.connected) process.disconnect()
  void serving.replaced.then(() => process.exit(0))
  const stop = (): void => void serving.close().then(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

async function tracingOf({ tracing }: Config, log: Log): Promise<Tracing | undefined> {
  return tracing === undefined ? undefined : startTracing({ ...tracing, log })
}

function isSuccessor(): boolean {
  return environmentVariable('DEVMLOPS_SERVING_SUCCESSOR') === '1' && process.send !== undefined
}

/** The same program again, which may have been updated meanwhile, with a channel to this process. */
function startSuccessor(): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: childEnvironment({ DEVMLOPS_SERVING_SUCCESSOR: '1' }),
  })
}

/** Of the door only when there is a key: it loads more than the hot path needs. */
async function textHash(secret: string | undefined): Promise<((text: string) => string) | undefined> {
  if (secret === undefined) return undefined
  const { createMaskingKey } = await import('#lifecycle/data/index')
  return createMaskingKey(secret).hash
}

function required(name: string): string {
  return (
    environmentVariable(name) ??
    fail('invalid_input', `${name} is not set.`, {
      hint: 'The server starts this process: `devmlops server`.',
    })
  )
}
