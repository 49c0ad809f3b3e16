import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { controlToken, flightVariant, runProcess } from '#lifecycle/serving/process/fixtures/running-process'
import { environmentVariable } from '#platform/config'
import { encodeModel, node, value } from '#platform/onnx/index'

const run = promisify(execFile)

/** A Python with the packages, where the machine has one: `DEVMLOPS_TEST_PYTHON`, or `python3`. */
export function pythonWith(packages: string): string | undefined {
  const python = environmentVariable('DEVMLOPS_TEST_PYTHON') ?? 'python3'
  const probe = spawnSync(python, ['-c', `import ${packages}`], { stdio: 'ignore' })
  return probe.status === 0 ? python : undefined
}

/** What a client's program prints. */
export async function clientFacts(
  python: string,
  script: string,
  serving: RunningClientsServer,
): Promise<Readonly<Record<string, unknown>>> {
  const second = script === 'kserve.fixture.py' ? serving.grpcAddress : controlToken
  const first =
    script === 'tritonclient_grpc.fixture.py'
      ? serving.grpcAddress
      : script === 'kserve.fixture.py'
        ? serving.url
        : serving.url.replace('http://', '')
  const path = join(import.meta.dirname, script)
  const { stdout } = await run(python, ['-W', 'ignore', path, first, second], { timeout: 60_000 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
}

export interface RunningClientsServer {
  readonly url: string
  readonly grpcAddress: string
}

/** A serving process with `flights`, of every kind of field, and `sums`, of two floats. */
export async function startForClients(test: Pick<TestContext, 'after'>): Promise<RunningClientsServer> {
  const running = await runProcess(test, { grpcPort: 0 })
  const { status, text } = await running.putPlan({
    revision: 1,
    deployments: [
      { name: 'flights', variants: [flightVariant(running.files, { version: 1 })] },
      {
        name: 'sums',
        variants: [
          {
            name: 'champion',
            model: 'sums',
            version: 1,
            weight: 100,
            files: running.files.add(sumModel()),
            signature: {
              inputs: ['x', 'y'].map((name) => ({ name, type: 'float', required: true })),
              outputs: [{ name: 'total', type: 'float' }],
            },
          },
        ],
      },
    ],
  })
  if (status !== 200) throw new Error(text)
  return { url: running.process.url, grpcAddress: running.process.grpcAddress ?? '' }
}

/** total = x + y. */
function sumModel(): Uint8Array {
  return encodeModel({
    irVersion: 8,
    producerName: 'test',
    opsetImport: [{ version: 17 }],
    metadataProps: [],
    graph: {
      name: 'sums',
      docString: '',
      node: [node({ type: 'Add' }, { inputs: ['x', 'y'], outputs: ['total'] })],
      initializer: [],
      input: [value('x', 'float', ['N', 1]), value('y', 'float', ['N', 1])],
      output: [value('total', 'float', ['N', 1])],
    },
  })
}
