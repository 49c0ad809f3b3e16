import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { childEnvironment, environmentVariable } from '#platform/config'

/** A Python with MLServer, where the machine has one: `DEVMLOPS_TEST_PYTHON`, or `python3`. */
export function mlserverPython(): string | undefined {
  const python = environmentVariable('DEVMLOPS_TEST_PYTHON') ?? 'python3'
  const probe = spawnSync(python, ['-c', 'import mlserver, mlserver_sklearn'], { stdio: 'ignore' })
  return probe.status === 0 ? python : undefined
}

/** Fits y = 2 x0 + 3 x1 + 1. */
const fit = `
import sys, joblib, numpy
from sklearn.linear_model import LinearRegression
x = numpy.random.default_rng(0).normal(size=(50, 2))
joblib.dump(LinearRegression().fit(x, x @ [2, 3] + 1), sys.argv[1])
`

export interface RunningMlserver {
  readonly url: string
  stop(): void
}

/** MLServer with one linear model, `lines`. */
export async function startMlserver(python: string): Promise<RunningMlserver> {
  const folder = mkdtempSync(join(tmpdir(), 'mlserver-'))
  execFileSync(python, ['-c', fit, join(folder, 'model.joblib')])
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()]
  const model = {
    name: 'lines',
    implementation: 'mlserver_sklearn.SKLearnModel',
    parameters: { uri: './model.joblib', version: 'v1' },
    inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 2] }],
    outputs: [{ name: 'predict', datatype: 'FP64', shape: [-1, 1] }],
  }
  writeFileSync(join(folder, 'model-settings.json'), JSON.stringify(model))
  const settings = {
    http_port: http,
    grpc_port: grpc,
    metrics_port: metrics,
    host: '127.0.0.1',
    parallel_workers: 0,
  }
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings))
  const child = spawn(python, ['-c', 'from mlserver.cli import main; main()', 'start', folder], {
    stdio: 'ignore',
    env: childEnvironment({}),
  })
  const url = `http://127.0.0.1:${http}`
  while (child.exitCode === null) {
    const answer = await fetch(`${url}/v2/models/lines/ready`).catch(() => undefined)
    if (answer?.status === 200) break
    await sleep(100)
  }
  return {
    url,
    stop: () => {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
