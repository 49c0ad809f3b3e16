import { decodeMessage, encodeMessage, type Schema } from '#platform/protobuf'
import {
  healthRequest,
  healthResponse,
  flagMessage,
  modelMetadataMessage,
  modelNameMessage,
  serverMetadataMessage,
} from '../../process/grpc/service-messages.ts'
import { grpcStatus } from '../../process/grpc/status-code.ts'
import { casesOf, expect, skip, type ConformanceCase } from '../conformance-case.ts'
import {
  decodeInferResponse,
  decodeStreamResponse,
  encodeInferRequest,
  type InferRequestMessage,
  type InferResponseMessage,
} from '../infer-messages.ts'
import { shown, type Target } from '../target.ts'
import { sameValues, tensorBytes } from '../tensor-example.ts'
import { messageContents, outputValues } from './grpc-values.ts'
import { infer, needInputs, outputNamed } from './inference-answer.ts'

const { must, should } = casesOf('gRPC', 'grpc')
const service = '/inference.GRPCInferenceService'

/** grpc_service.proto of github.com/kserve/open-inference-protocol. */
export const grpcCases: readonly ConformanceCase[] = [
  must('server', 'ServerLive and ServerReady answer true.', async (target) => {
    for (const method of ['ServerLive', 'ServerReady']) {
      const { flag } = (await ask(target, method, {}, flagMessage)) as { flag?: number }
      expect(flag === 1, `${method} answers false`)
    }
  }),
  must('server-metadata', 'ServerMetadata answers name and version.', async (target) => {
    const { name, version } = (await ask(target, 'ServerMetadata', {}, serverMetadataMessage)) as {
      name?: string
      version?: string
    }
    expect(name !== undefined && version !== undefined, 'name or version is empty')
  }),
  must('model-ready', 'ModelReady answers true for a model that is ready.', async (target) => {
    const { flag } = (await ask(target, 'ModelReady', { name: target.model.name }, flagMessage)) as {
      flag?: number
    }
    expect(flag === 1, 'it answers false')
  }),
  must('model-metadata', 'ModelMetadata says what the metadata over REST say.', async (target) => {
    const facts = (await ask(target, 'ModelMetadata', { name: target.model.name }, modelMetadataMessage)) as {
      readonly name?: string
      readonly inputs: readonly { readonly name?: string; readonly datatype?: string }[]
    }
    expect(facts.name === target.model.name, `name is ${JSON.stringify(facts.name)}`)
    const names = (tensors: readonly { readonly name?: string; readonly datatype?: string }[]): string =>
      tensors.map(({ name, datatype }) => `${name ?? ''} ${datatype ?? ''}`).join(', ')
    expect(names(facts.inputs) === names(target.model.inputs), `inputs are ${names(facts.inputs)}`)
  }),
  must('infer-typed', 'Typed contents are answered as over REST.', async (target) => {
    await expectAsRest(target, await inferGrpc(target, typed(target)))
  }),
  must('infer-raw', 'raw_input_contents are answered as over REST.', async (target) => {
    await expectAsRest(target, await inferGrpc(target, raw(target)))
  }),
  must('infer-id', 'The id of a request is that of its answer.', async (target) => {
    const { id } = await inferGrpc(target, { ...typed(target), id: 'conformance-2' })
    expect(id === 'conformance-2', `id is ${JSON.stringify(id)}`)
  }),
  must('infer-wanted', 'With outputs in the request, exactly those are answered.', async (target) => {
    const name = (await inferGrpc(target, typed(target))).outputs.at(-1)?.name ?? skip('there are no outputs')
    const { outputs } = await inferGrpc(target, { ...typed(target), outputs: [{ name }] })
    expect(outputs.length === 1 && outputs[0]?.name === name, `${outputs.length} outputs came`)
  }),
  should('mixed', 'Typed contents beside raw ones are INVALID_ARGUMENT.', async (target) => {
    const request = { ...typed(target), rawInputs: raw(target).rawInputs ?? [] }
    await expectStatus(target, encodeInferRequest(request), grpcStatus.invalidArgument)
  }),
  must('unknown-model', 'A model that is not there is NOT_FOUND.', async (target) => {
    const request = { ...typed(target), modelName: 'no-such-model-here' }
    await expectStatus(target, encodeInferRequest(request), grpcStatus.notFound)
  }),
  must(
    'wrong-shape',
    'Data that have not as many elements as the shape are INVALID_ARGUMENT.',
    async (target) => {
      const request = typed(target)
      const inputs = request.inputs.map((input) => ({ ...input, shape: [7, ...input.shape.slice(1)] }))
      await expectStatus(target, encodeInferRequest({ ...request, inputs }), grpcStatus.invalidArgument)
    },
  ),
  must('short-raw', 'Raw contents that are too short are INVALID_ARGUMENT.', async (target) => {
    const request = raw(target)
    const rawInputs = (request.rawInputs ?? []).map((bytes) => bytes.subarray(0, bytes.length - 1))
    await expectStatus(target, encodeInferRequest({ ...request, rawInputs }), grpcStatus.invalidArgument)
  }),
  must('not-a-message', 'Bytes that are no message are an error, and the server goes on.', async (target) => {
    const { status } = await target.call(`${service}/ModelInfer`, Buffer.from('0a05ffffffffff', 'hex'))
    expect(status !== grpcStatus.ok, 'the status is OK')
    await inferGrpc(target, typed(target))
  }),
  must('unknown-method', 'A method that does not exist is UNIMPLEMENTED.', async (target) => {
    const { status } = await target.call(`${service}/NoSuchMethod`, Buffer.alloc(0))
    expect(status === grpcStatus.unimplemented, `the status is ${status}`)
  }),
  should('stream', 'ModelStreamInfer answers every request of a stream, in order.', async (target) => {
    needInputs(target)
    const { grpc } = target
    if (grpc === undefined) skip('no address was given with --grpc')
    const ids = ['s-1', 's-2', 's-3', 's-4']
    const requests = ids.map((id) => encodeInferRequest({ ...typed(target), id }))
    const { messages, status, details } = await grpc.stream(`${service}/ModelStreamInfer`, requests)
    target.note({
      request: 'gRPC ModelStreamInfer with 4 requests',
      answer: `${messages.length} answers, status ${status} ${details}`,
    })
    if (status === grpcStatus.unimplemented) skip('the server has no ModelStreamInfer')
    const found = messages.map(streamedId)
    expect(found.join() === ids.join(), `the ids are ${found.join(', ')}`)
  }),
  should('health', 'grpc.health.v1.Health/Check says SERVING.', async (target) => {
    const reply = await call(target, '/grpc.health.v1.Health/Check', encodeMessage(healthRequest, {}))
    if (reply.status === grpcStatus.unimplemented) skip('the server has no health service')
    expect(reply.message !== undefined, `the status is ${reply.status} ${reply.details}`)
    const { status } = decodeMessage(healthResponse, reply.message) as { status?: number }
    expect(status === 1, `the status of health is ${status ?? 0}`)
  }),
]

function call(target: Target, path: string, message: Uint8Array): ReturnType<Target['call']> {
  if (target.grpc === undefined) skip('no address was given with --grpc')
  return target.call(path, message)
}

async function ask(target: Target, method: string, request: object, answer: Schema): Promise<object> {
  const { message, status, details } = await call(
    target,
    `${service}/${method}`,
    encodeMessage(modelNameMessage, request),
  )
  expect(message !== undefined, `${method} has the status ${status} ${details}`)
  return decodeMessage(answer, message)
}

async function inferGrpc(target: Target, request: InferRequestMessage): Promise<InferResponseMessage> {
  const { message, status, details } = await call(
    target,
    `${service}/ModelInfer`,
    encodeInferRequest(request),
  )
  expect(message !== undefined, `the status is ${status} ${details}`)
  const answer = decodeInferResponse(message)
  expect(answer.modelName === target.model.name, `model_name is ${JSON.stringify(answer.modelName)}`)
  return answer
}

async function expectStatus(target: Target, message: Uint8Array, wanted: number): Promise<void> {
  const { status, details } = await call(target, `${service}/ModelInfer`, message)
  expect(status === wanted, `the status is ${status} (${shown(details)}), not ${wanted}`)
}

async function expectAsRest(target: Target, answer: InferResponseMessage): Promise<void> {
  const rest = await infer(target)
  expect(answer.outputs.length > 0, 'there are no outputs')
  for (const { name, values } of outputValues(answer))
    expect(sameValues(values, outputNamed(rest, name).data), `"${name}" is not what it is over REST`)
}

function typed(target: Target): InferRequestMessage {
  needInputs(target)
  const inputs = target.inputs(1).map(({ name, datatype, shape, data }) => ({
    name,
    datatype,
    shape,
    contents: messageContents(datatype, data),
  }))
  return { modelName: target.model.name, inputs }
}

function raw(target: Target): InferRequestMessage {
  needInputs(target)
  const tensors = target.inputs(1)
  return {
    modelName: target.model.name,
    inputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    rawInputs: tensors.map(({ datatype, data }) => tensorBytes(datatype, data)),
  }
}

/** Triton wraps the answer of a stream, MLServer does not. */
function streamedId(message: Buffer): string {
  try {
    const { response } = decodeStreamResponse(message)
    if (response?.id !== undefined) return response.id
  } catch {
    // Read the other way below.
  }
  return decodeInferResponse(message).id ?? ''
}
