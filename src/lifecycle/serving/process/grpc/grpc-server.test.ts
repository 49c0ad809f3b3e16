import assert from 'node:assert/strict'
import { connect, constants } from 'node:http2'
import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { after, before, describe, it, type TestContext } from 'node:test'
import { decodeMessage, encodeMessage } from '#platform/protobuf'
import { createRandom } from '#platform/random'
import { openGrpcClient, type GrpcClient } from '../../conformance/grpc-client.ts'
import {
  decodeInferResponse,
  decodeStreamResponse,
  encodeInferRequest,
  type InferRequestMessage,
} from '../../conformance/infer-messages.ts'
import { controlToken, flightVariant, runProcess, type RunningProcess } from '../fixtures/running-process.ts'
import { flightProbability } from '../fixtures/small-models.ts'
import {
  flagMessage,
  healthRequest,
  healthResponse,
  modelMetadataMessage,
  modelNameMessage,
  repositoryIndexMessage,
  repositoryModelRequest,
  serverMetadataMessage,
  statisticsMessage,
} from './service-messages.ts'
import { grpcStatus } from './status-code.ts'

const service = '/inference.GRPCInferenceService'
const text = new TextEncoder()

describe('gRPC of the Open Inference Protocol', () => {
  const ends: (() => unknown)[] = []
  /** For tests that change nothing. */
  let shared: Awaited<ReturnType<typeof flights>>
  before(async () => {
    shared = await flights({ after: (end) => void ends.push(end as () => unknown) })
  })
  after(async () => {
    for (const end of ends.toReversed()) await end()
  })

  it('answers raw tensors with raw tensors, exactly as REST scores them', async () => {
    const { client } = shared
    const reply = await client.call(`${service}/ModelInfer`, encodeInferRequest(rawRequest('r-1')))
    assert.equal(reply.status, 0, reply.details)
    const answer = decodeInferResponse(reply.message as Buffer)
    assert.equal(answer.id, 'r-1')
    assert.equal(answer.modelVersion, '1')
    assert.deepEqual(
      answer.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
      [
        { name: 'probability', datatype: 'FP32', shape: [2] },
        { name: 'label', datatype: 'INT64', shape: [2] },
      ],
    )
    const [probabilities, labels] = answer.rawOutputs as [Uint8Array, Uint8Array]
    const first = new DataView(probabilities.buffer, probabilities.byteOffset).getFloat32(0, true)
    assert.ok(Math.abs(first - flightProbability(1, { distance: 500, origin: 'ATL' })) < 1e-6)
    assert.equal(labels.length, 16)
  })
  it('answers typed contents with typed contents', async () => {
    const { client } = shared
    const answer = await inferTyped(client, typedRequest())
    assert.deepEqual(answer.rawOutputs, [])
    const [probability, label] = answer.outputs
    assert.equal(probability?.contents?.fp32_contents?.length, 2)
    assert.deepEqual(label?.contents?.int64_contents, [1, 1])
  })
  it('gives the outputs that are asked for only, and refuses unknown ones', async () => {
    const { client } = shared
    const answer = await inferTyped(client, { ...typedRequest(), outputs: [{ name: 'label' }] })
    assert.deepEqual(
      answer.outputs.map((output) => output.name),
      ['label'],
    )
    const refused = await client.call(
      `${service}/ModelInfer`,
      encodeInferRequest({ ...typedRequest(), outputs: [{ name: 'nothing' }] }),
    )
    assert.equal(refused.status, grpcStatus.invalidArgument)
    assert.match(refused.details, /outputs\[0\]/)
  })
  it('refuses typed contents beside raw ones, and says which input', async () => {
    const { client } = shared
    const mixed = { ...typedRequest(), rawInputs: rawRequest('x').rawInputs ?? [] }
    const reply = await client.call(`${service}/ModelInfer`, encodeInferRequest(mixed))
    assert.equal(reply.status, grpcStatus.invalidArgument)
    assert.match(reply.details, /inputs\[0\]\.contents/)
  })
  it('names the place of what is wrong with a tensor', async () => {
    const { client } = shared
    const { inputs } = typedRequest()
    const cases: readonly (readonly [InferRequestMessage['inputs'], RegExp])[] = [
      [inputs.map((input, index) => (index === 0 ? { ...input, shape: [3] } : input)), /inputs\[0\]/],
      [
        inputs.map((input, index) => (index === 1 ? { ...input, datatype: 'INT9' } : input)),
        /inputs\[1\]\.datatype/,
      ],
      [inputs.map((input, index) => (index === 0 ? { ...input, shape: [-2] } : input)), /inputs\[0\]\.shape/],
      [inputs.map((input, index) => (index === 0 ? { ...input, datatype: 'FP64' } : input)), /another type/],
      [inputs.slice(1), /distance/],
    ]
    for (const [wrong, expected] of cases) {
      const reply = await client.call(
        `${service}/ModelInfer`,
        encodeInferRequest({ modelName: 'flights', inputs: wrong }),
      )
      assert.equal(reply.status, grpcStatus.invalidArgument, reply.details)
      assert.match(reply.details, expected)
    }
  })
  it('says NOT_FOUND for an unknown model or version, and UNIMPLEMENTED for an unknown method', async () => {
    const { client } = shared
    const unknown = await client.call(
      `${service}/ModelInfer`,
      encodeInferRequest({ ...typedRequest(), modelName: 'no' }),
    )
    assert.equal(unknown.status, grpcStatus.notFound)
    const version = { ...typedRequest(), modelVersion: '9' }
    const noVersion = await client.call(`${service}/ModelInfer`, encodeInferRequest(version))
    assert.equal(noVersion.status, grpcStatus.notFound)
    const method = await client.call(`${service}/Nothing`, Buffer.alloc(0))
    assert.equal(method.status, grpcStatus.unimplemented)
  })
  it('describes the server and its models', async () => {
    const { client } = shared
    const none = Buffer.alloc(0)
    const flag = (reply: { readonly message: Buffer | undefined }): unknown =>
      decodeMessage(flagMessage, reply.message as Buffer)
    assert.deepEqual(flag(await client.call(`${service}/ServerLive`, none)), { flag: 1 })
    assert.deepEqual(flag(await client.call(`${service}/ServerReady`, none)), { flag: 1 })
    const name = encodeMessage(modelNameMessage, { name: 'flights' } as object)
    assert.deepEqual(flag(await client.call(`${service}/ModelReady`, name)), { flag: 1 })
    const server = decodeMessage(
      serverMetadataMessage,
      (await client.call(`${service}/ServerMetadata`, none)).message as Buffer,
    ) as { name: string; extensions: string[] }
    assert.equal(server.name, 'devmlops')
    assert.ok(server.extensions.includes('binary_tensor_data'))
    const model = decodeMessage(
      modelMetadataMessage,
      (await client.call(`${service}/ModelMetadata`, name)).message as Buffer,
    ) as { versions: string[]; inputs: { name: string; datatype: string; shape: number[] }[] }
    assert.deepEqual(model.versions, ['1'])
    assert.deepEqual(model.inputs[0], { name: 'distance', datatype: 'INT64', shape: [-1, 1] })
  })
  it('answers a stream in the order of its requests, and goes on after a bad one', async () => {
    const { client } = shared
    const messages = Array.from({ length: 200 }, (_, index) =>
      encodeInferRequest(
        index === 50 ? { ...typedRequest(), modelName: 'no' } : { ...typedRequest(), id: `s-${index}` },
      ),
    )
    const { messages: answers, status } = await client.stream(`${service}/ModelStreamInfer`, messages)
    assert.equal(status, 0)
    const decoded = answers.map((answer) => decodeStreamResponse(answer))
    assert.deepEqual(
      decoded.map(({ response }) => response?.id),
      messages.map((_, index) => (index === 50 ? undefined : `s-${index}`)),
    )
    assert.match(decoded[50]?.error ?? '', /no deployment "no"/)
  })
  it('counts its answers with those of REST', async (test) => {
    const { client } = await flights(test)
    await inferTyped(client, typedRequest())
    const name = encodeMessage(modelNameMessage, { name: 'flights' } as object)
    const reply = await client.call(`${service}/ModelStatistics`, name)
    const { model_stats: stats } = decodeMessage(statisticsMessage, reply.message as Buffer) as {
      model_stats: { inference_count: number; inference_stats: { success: { count: number } } }[]
    }
    assert.equal(stats[0]?.inference_count, 2)
    assert.equal(stats[0]?.inference_stats.success.count, 1)
  })
  it('lists the repository, and unloads and loads for whoever may send plans', async (test) => {
    const { client, running } = await flights(test)
    const model = encodeMessage(repositoryModelRequest, { modelName: 'flights' } as object)
    const refused = await client.call(`${service}/RepositoryModelUnload`, model)
    assert.equal(refused.status, grpcStatus.unauthenticated)
    const control = { authorization: `Bearer ${running.controlToken}` }
    assert.equal((await client.call(`${service}/RepositoryModelUnload`, model, control)).status, 0)
    const index = await client.call(
      '/inference.model_repository.ModelRepositoryService/RepositoryIndex',
      Buffer.alloc(0),
    )
    const { models } = decodeMessage(repositoryIndexMessage, index.message as Buffer) as {
      models: { name: string; state: string }[]
    }
    assert.deepEqual(
      models.map(({ name, state }) => ({ name, state })),
      [{ name: 'flights', state: 'UNAVAILABLE' }],
    )
    const gone = await client.call(`${service}/ModelInfer`, encodeInferRequest(typedRequest()))
    assert.notEqual(gone.status, 0)
    assert.equal((await client.call(`${service}/RepositoryModelLoad`, model, control)).status, 0)
    await inferTyped(client, typedRequest())
  })
  it('reads what is compressed, but not more than the limit', async () => {
    const { address } = shared
    const small = await rawCall(address, gzipSync(encodeInferRequest(typedRequest())))
    assert.equal(small, '0')
    // Ten kilobytes that would become ten megabytes and more.
    assert.equal(
      await rawCall(address, gzipSync(Buffer.alloc(12 * 1024 * 1024))),
      String(grpcStatus.resourceExhausted),
    )
    assert.equal(await rawCall(address, Buffer.from('not gzip')), String(grpcStatus.invalidArgument))
  })
  it('refuses a message that is larger than the limit before it is there', async () => {
    const { address } = shared
    const prefix = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3])
    assert.equal(await rawFrame(address, prefix), String(grpcStatus.resourceExhausted))
  })
  it('answers the health protocol, and tells a watcher when it drains', async (test) => {
    const { client, address, running } = await flights(test)
    const check = async (name: string): Promise<unknown> => {
      const reply = await client.call(
        '/grpc.health.v1.Health/Check',
        encodeMessage(healthRequest, { service: name } as object),
      )
      return reply.message === undefined ? reply.status : decodeMessage(healthResponse, reply.message)
    }
    assert.deepEqual(await check(''), { status: 1 })
    assert.deepEqual(await check('flights'), { status: 1 })
    assert.equal(await check('nothing'), grpcStatus.notFound)
    const session = connect(`http://${address}`)
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Watch',
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    stream.end(frameOf(Buffer.alloc(0)))
    const status = new Promise((resolve) =>
      stream.once('trailers', (trailers) => resolve(trailers['grpc-status'])),
    )
    const first = await new Promise<Buffer>((resolve) => stream.once('data', resolve))
    assert.deepEqual(decodeMessage(healthResponse, first.subarray(5)), { status: 1 })
    stream.resume()
    const closed = running.process.close({ timeoutMs: 2000 })
    assert.equal(await status, String(grpcStatus.unavailable))
    session.close()
    await closed
  })
  it('finishes what has begun when it is closed, and takes no more', async (test) => {
    const { client, running } = await flights(test)
    const calls = Array.from({ length: 20 }, () =>
      client.call(`${service}/ModelInfer`, encodeInferRequest(typedRequest())),
    )
    await new Promise((resolve) => setTimeout(resolve, 5))
    await running.process.close({ timeoutMs: 2000 })
    const statuses = (await Promise.all(calls)).map((reply) => reply.status)
    assert.deepEqual(
      statuses.filter((status) => status !== 0 && status !== grpcStatus.unavailable),
      [],
    )
    const late = await client.call(`${service}/ModelInfer`, encodeInferRequest(typedRequest()))
    assert.equal(late.status, grpcStatus.unavailable)
  })
  it('ends a stream that stays open when it is closed, with its answers', async (test) => {
    const { address, running } = await flights(test)
    const session = connect(`http://${address}`)
    const stream = session.request({
      ':method': 'POST',
      ':path': `${service}/ModelStreamInfer`,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    stream.on('error', () => undefined)
    const status = new Promise((resolve) => {
      stream.once('trailers', (trailers) => resolve(trailers['grpc-status']))
    })
    const first = new Promise<Buffer>((resolve) => stream.once('data', resolve))
    stream.write(frameOf(encodeInferRequest({ ...typedRequest(), id: 'kept' })))
    assert.equal(decodeStreamResponse((await first).subarray(5)).response?.id, 'kept')
    stream.resume()
    const closed = running.process.close({ timeoutMs: 60_000 })
    assert.equal(await status, String(grpcStatus.unavailable))
    stream.end()
    session.close()
    await closed
  })
  it('starts without gRPC when its port is taken', async (test) => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    test.after(() => taken.close())
    const address = taken.address()
    const running = await runProcess(test, {
      grpcPort: typeof address === 'object' ? (address?.port ?? 0) : 0,
    })
    assert.equal(running.process.grpcAddress, undefined)
    assert.equal((await running.send('GET', '/v2/health/live')).status, 200)
  })
  it('says INVALID_ARGUMENT to random and to damaged messages, and goes on', async () => {
    const { client } = shared
    const random = createRandom(5)
    const valid = [encodeInferRequest(rawRequest('f')), encodeInferRequest(typedRequest())]
    const statuses = new Set<number>()
    const calls = Array.from({ length: 600 }, async (_, index) => {
      const message = index % 3 === 0 ? noise(random) : damaged(valid[index % 2] as Uint8Array, random)
      statuses.add((await client.call(`${service}/ModelInfer`, message)).status)
    })
    await Promise.all(calls)
    // Damage may leave a message that is right, or change the name of the model.
    const allowed = new Set<number>([
      0,
      grpcStatus.invalidArgument,
      grpcStatus.notFound,
      grpcStatus.resourceExhausted,
    ])
    assert.deepEqual(
      [...statuses].filter((status) => !allowed.has(status)),
      [],
    )
    assert.ok(statuses.has(grpcStatus.invalidArgument))
    await inferTyped(client, typedRequest())
  })
  it('survives bytes that are not HTTP/2, and streams that are broken off', async () => {
    const { client, address } = shared
    const session = connect(`http://${address}`)
    session.on('error', () => undefined)
    for (let index = 0; index < 20; index++) {
      const stream = session.request({
        ':method': 'POST',
        ':path': `${service}/ModelInfer`,
        'content-type': 'application/grpc',
      })
      stream.on('error', () => undefined)
      stream.write(frameOf(encodeInferRequest(typedRequest())).subarray(0, 10 + index))
      stream.close(constants.NGHTTP2_CANCEL)
    }
    const notGrpc = session.request({ ':method': 'GET', ':path': '/' })
    const status = await new Promise((resolve) =>
      notGrpc.once('response', (headers) => resolve(headers[':status'])),
    )
    assert.equal(status, 415)
    session.destroy()
    await inferTyped(client, typedRequest())
  })
})

async function flights(test: Pick<TestContext, 'after'>): Promise<{
  readonly running: RunningProcess & { readonly controlToken: string }
  readonly client: GrpcClient
  readonly address: string
}> {
  const running = await runProcess(test, { grpcPort: 0 })
  const { status, text: said } = await running.putPlan({
    revision: 1,
    deployments: [{ name: 'flights', variants: [flightVariant(running.files, { version: 1 })] }],
  })
  assert.equal(status, 200, said)
  const address = running.process.grpcAddress ?? ''
  const client = await openGrpcClient(address, { timeoutMs: 10_000 })
  test.after(() => client.close())
  return { running: { ...running, controlToken }, client, address }
}

async function inferTyped(
  client: GrpcClient,
  request: InferRequestMessage,
): Promise<ReturnType<typeof decodeInferResponse>> {
  const reply = await client.call(`${service}/ModelInfer`, encodeInferRequest(request))
  assert.equal(reply.status, 0, reply.details)
  return decodeInferResponse(reply.message as Buffer)
}

function typedRequest(): InferRequestMessage {
  const texts = (...values: string[]): readonly Uint8Array[] => values.map((value) => text.encode(value))
  return {
    modelName: 'flights',
    inputs: [
      { name: 'distance', datatype: 'INT64', shape: [2], contents: { int64_contents: [500, 600] } },
      { name: 'hour', datatype: 'INT32', shape: [2, 1], contents: { int_contents: [9, 10] } },
      { name: 'load', datatype: 'FP64', shape: [2], contents: { fp64_contents: [0.5, 0.25] } },
      { name: 'weekend', datatype: 'BOOL', shape: [2], contents: { bool_contents: [0, 1] } },
      { name: 'origin', datatype: 'BYTES', shape: [2], contents: { bytes_contents: texts('ATL', 'JFK') } },
      { name: 'gate', datatype: 'BYTES', shape: [2], contents: { bytes_contents: texts('B3', '') } },
    ],
  }
}

function rawRequest(id: string): InferRequestMessage {
  const { inputs } = typedRequest()
  const strings = (...values: string[]): Buffer =>
    Buffer.concat(
      values.flatMap((value) => {
        const length = Buffer.alloc(4)
        length.writeUInt32LE(value.length)
        return [length, Buffer.from(value)]
      }),
    )
  return {
    modelName: 'flights',
    id,
    inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    rawInputs: [
      new Uint8Array(BigInt64Array.of(500n, 600n).buffer),
      new Uint8Array(Int32Array.of(9, 10).buffer),
      new Uint8Array(Float64Array.of(0.5, 0.25).buffer),
      Uint8Array.of(0, 1),
      strings('ATL', 'JFK'),
      strings('B3', ''),
    ],
  }
}

type Random = ReturnType<typeof createRandom>

function noise(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.below(200) }, () => random.below(256))
}

/** A few bytes changed, a piece cut out, or the end missing. */
function damaged(message: Uint8Array, random: Random): Uint8Array {
  const copy = Uint8Array.from(message)
  const kind = random.below(3)
  if (kind === 0) return copy.subarray(0, random.below(copy.length))
  if (kind === 1) {
    const from = random.below(copy.length)
    return Buffer.concat([
      copy.subarray(0, from),
      copy.subarray(Math.min(copy.length, from + 1 + random.below(8))),
    ])
  }
  for (let count = 1 + random.below(4); count > 0; count--)
    copy[random.below(copy.length)] = random.below(256)
  return copy
}

function frameOf(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flag
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** The status of a call whose message is sent as compressed. */
function rawCall(address: string, message: Buffer): Promise<string> {
  return rawFrame(address, frameOf(message, 1))
}

async function rawFrame(address: string, frame: Buffer): Promise<string> {
  const session = connect(`http://${address}`)
  const stream = session.request({
    ':method': 'POST',
    ':path': `${service}/ModelInfer`,
    'content-type': 'application/grpc',
    'grpc-encoding': 'gzip',
    te: 'trailers',
  })
  stream.on('error', () => undefined)
  const status = new Promise<string>((resolve) => {
    const look = (headers: Record<string, unknown>): void => {
      const code = headers['grpc-status']
      if (typeof code === 'string') resolve(code)
    }
    stream.on('response', look)
    stream.on('trailers', look)
  })
  stream.end(frame)
  stream.resume()
  const answered = await status
  session.destroy()
  return answered
}
