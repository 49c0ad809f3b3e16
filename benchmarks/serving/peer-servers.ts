import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePorts } from './free-ports.ts'

/** Another server with the same forest, and how it is asked for one row. */
export interface PeerServer {
  readonly name: string
  readonly url: string
  readonly body: string
  readonly pid: number
  close(): void
}

/** Pythons with the peers in them; a peer whose Python is not there is left out. */
export interface Pythons {
  /** fastapi, uvicorn, onnxruntime, bentoml, scikit-learn, skl2onnx. */
  readonly python: string
  /** mlserver with mlserver-sklearn, and mlflow. */
  readonly mlserver: string
}

const startPatienceMs = 120_000

interface Start {
  readonly name: string
  readonly command: readonly string[]
  readonly port: number
  readonly path: string
  readonly body: unknown
  readonly directory: string
  readonly variables?: Readonly<Record<string, string>>
}

/** Waits until the server answers the very request that it will be measured with. */
async function startPeer({
  name,
  command,
  port,
  path,
  body,
  directory,
  variables,
}: Start): Promise<PeerServer> {
  const [program = '', ...words] = command
  const child: ChildProcess = spawn(program, words, {
    cwd: directory,
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, PYTHONWARNINGS: 'ignore', ...variables },
  })
  const url = `http://127.0.0.1:${port}${path}`
  const text = JSON.stringify(body)
  const deadline = Date.now() + startPatienceMs
  for (;;) {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
    }).catch(() => undefined)
    if (answer?.ok === true) break
    if (Date.now() > deadline || child.exitCode !== null) {
      stop(child)
      throw new Error(
        `${name} did not answer: ${answer === undefined ? 'nothing listens' : await answer.text()}`,
      )
    }
    await pause(250)
  }
  return { name, url, body: text, pid: child.pid ?? 0, close: () => stop(child) }
}

/** The whole group: most of them have workers. */
function stop({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

type Starter = (pythons: Pythons, forest: string, row: readonly number[]) => Promise<PeerServer>

const scripts = import.meta.dirname
const beside = (python: string, program: string): string => join(python, '..', program)

export const startFastapi: Starter = async ({ python }, forest, row) => {
  const [port = 0] = await freePorts(1)
  return startPeer({
    name: 'FastAPI + onnxruntime',
    command: [python, join(scripts, 'fastapi_peer.py'), forest, String(port)],
    port,
    path: '/predict',
    body: { rows: [row] },
    directory: forest,
  })
}

export const startBentoml: Starter = async ({ python }, forest, row) => {
  const [port = 0] = await freePorts(1)
  return startPeer({
    name: 'BentoML',
    command: [beside(python, 'bentoml'), 'serve', 'bentoml_peer:Forest', '--port', String(port)],
    port,
    path: '/predict',
    body: { rows: [row] },
    directory: scripts,
    variables: { FOREST: forest, BENTOML_DO_NOT_TRACK: 'True' },
  })
}

export const startMlflow: Starter = async ({ mlserver }, forest, row) => {
  await promisify(execFile)(mlserver, [join(scripts, 'save_for_mlflow.py'), forest]).catch((error: Error) => {
    if (!error.message.includes('already exists')) throw error
  })
  const [port = 0] = await freePorts(1)
  const columns = row.map((_, index) => `f${index}`)
  return startPeer({
    name: 'mlflow models serve',
    command: [
      beside(mlserver, 'mlflow'),
      'models',
      'serve',
      '--model-uri',
      join(forest, 'mlflow'),
      '--env-manager',
      'local',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--workers',
      '1',
    ],
    port,
    path: '/invocations',
    body: { dataframe_split: { columns, data: [row] } },
    directory: forest,
    variables: { PATH: `${join(mlserver, '..')}:${process.env['PATH'] ?? ''}` },
  })
}

export interface MlserverPeer extends PeerServer {
  readonly grpc: string
}

/** MLServer with scikit-learn's runtime and no pool of workers, its fastest form for a small model. */
export async function startMlserver(
  { mlserver }: Pythons,
  forest: string,
  row: readonly number[],
): Promise<MlserverPeer> {
  const [port = 0, grpcPort = 0, metricsPort = 0] = await freePorts(3)
  const directory = join(forest, 'mlserver')
  await mkdir(directory, { recursive: true })
  await writeFile(
    join(directory, 'settings.json'),
    JSON.stringify({
      host: '127.0.0.1',
      http_port: port,
      grpc_port: grpcPort,
      metrics_port: metricsPort,
      parallel_workers: 0,
      debug: false,
    }),
  )
  await writeFile(
    join(directory, 'model-settings.json'),
    JSON.stringify({
      name: 'forest',
      implementation: 'mlserver_sklearn.SKLearnModel',
      parameters: { uri: join(forest, 'forest.joblib') },
    }),
  )
  const peer = await startPeer({
    name: 'MLServer',
    command: [beside(mlserver, 'mlserver'), 'start', directory],
    port,
    path: '/v2/models/forest/infer',
    body: {
      inputs: [{ name: 'input', shape: [1, row.length], datatype: 'FP32', data: row }],
      outputs: [{ name: 'predict_proba' }],
    },
    directory,
  })
  return { ...peer, grpc: `127.0.0.1:${grpcPort}` }
}
