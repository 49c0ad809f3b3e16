import { fail } from '#contract/errors'
import { askEndpoint, type EndpointAddress } from '#contract/ask-endpoint'
import {
  tensorBytes,
  tensorValues,
  type TensorHeader,
  type TensorInput,
  type TensorOutput,
} from './tensors.ts'

export interface PredictionClientOptions extends EndpointAddress {
  /** For each call, its second attempt included; a minute when left out. */
  readonly timeoutMs?: number
}

export type InputRow = Readonly<Record<string, unknown>>

/** One prediction: the outputs of the model, and which version gave them. */
export type Prediction<Outputs> = Outputs & {
  readonly id: string
  readonly variant: string
  readonly version: number
}

export interface CallOptions {
  /** What belongs together and is to come from one variant. */
  readonly key?: string
  /** 1 goes first, higher numbers later, 0 and nothing last. */
  readonly priority?: number
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** The answer is in the prediction log before it comes, whatever the deployment's log says. */
  readonly loggedFirst?: boolean
}

export interface PredictOptions extends CallOptions {
  /** Your names for the predictions, one a row, by which labels find them. */
  readonly ids?: readonly string[]
  readonly keys?: readonly string[]
  /** When what is predicted happens, ISO 8601; monitoring counts it there. */
  readonly eventTimes?: readonly string[]
}

export interface InferOptions extends CallOptions {
  readonly id?: string
  readonly version?: number
  /** Names of the outputs; all of them when left out. */
  readonly outputs?: readonly string[]
}

export interface InferAnswer {
  readonly id: string
  readonly version: string
  readonly outputs: readonly TensorOutput[]
}

/** Asks the endpoints of a serving process. */
export interface PredictionClient {
  /** Rows with named fields. Whole numbers of 64 bits may be bigints. */
  predict<Outputs extends object = Readonly<Record<string, unknown>>>(
    deployment: string,
    rows: readonly InputRow[],
    options?: PredictOptions,
  ): Promise<readonly Prediction<Outputs>[]>
  /** Tensors as bytes both ways, by the Open Inference Protocol: the fastest form for many rows. */
  infer(deployment: string, inputs: readonly TensorInput[], options?: InferOptions): Promise<InferAnswer>
}

const defaultTimeoutMs = 60_000

/**
 * A client of the endpoints, not of the server: its `url` is that of `devmlops deployments`. Fails with a `DevmlopsError`
 * whose message names the field at fault. A call that meets a lost connection or a 503 is made once more, with the same ids.
 *
 * ```ts
 * const client = createPredictionClient({ url: 'http://127.0.0.1:5001' })
 * const [prediction] = await client.predict('flight-delays', [{ hour: 18, origin: 'ORD' }])
 * ```
 */
export function createPredictionClient(options: PredictionClientOptions): PredictionClient {
  const timeoutOf = (call: CallOptions): number => call.timeoutMs ?? options.timeoutMs ?? defaultTimeoutMs
  return {
    predict: async <Outputs extends object>(
      deployment: string,
      rows: readonly InputRow[],
      call: PredictOptions = {},
    ) => {
      const { ids = rows.map(() => crypto.randomUUID()), key, keys, eventTimes, signal } = call
      const response = await askEndpoint(options, {
        path: `/deployments/${encodeURIComponent(deployment)}/predict`,
        headers: { 'content-type': 'application/json', ...headersOf(call) },
        body: JSON.stringify({ rows, ids, key, keys, event_times: eventTimes }, exactly),
        timeoutMs: timeoutOf(call),
        signal,
      })
      const { predictions } = (await response.json()) as { predictions: readonly Prediction<Outputs>[] }
      return predictions
    },
    infer: async (deployment, inputs, call = {}) => {
      const { body, jsonBytes } = inferBody(inputs, call)
      const version = call.version === undefined ? '' : `/versions/${call.version}`
      const response = await askEndpoint(options, {
        path: `/v2/models/${encodeURIComponent(deployment)}${version}/infer`,
        headers: {
          'content-type': 'application/octet-stream',
          'inference-header-content-length': String(jsonBytes),
          ...headersOf(call),
        },
        body,
        timeoutMs: timeoutOf(call),
        signal: call.signal,
      })
      return inferAnswer(new Uint8Array(await response.arrayBuffer()), response.headers)
    },
  }
}

function headersOf({ key, priority, timeoutMs, loggedFirst }: CallOptions): Record<string, string> {
  return {
    ...(key === undefined ? {} : { 'x-devmlops-key': key }),
    ...(priority === undefined ? {} : { 'x-devmlops-priority': String(priority) }),
    ...(timeoutMs === undefined ? {} : { 'x-devmlops-timeout': String(Math.ceil(timeoutMs)) }),
    ...(loggedFirst === true ? { 'x-devmlops-log': 'before_answer' } : {}),
  }
}

/** Of ECMAScript 2026; TypeScript does not know it yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }

function exactly(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value
}

function inferBody(
  inputs: readonly TensorInput[],
  { id = crypto.randomUUID(), outputs }: InferOptions,
): { readonly body: Uint8Array<ArrayBuffer>; readonly jsonBytes: number } {
  const tensors = inputs.map(tensorBytes)
  const json = new TextEncoder().encode(
    JSON.stringify({
      id,
      parameters: { binary_data_output: true },
      inputs: tensors.map(({ header }) => header),
      ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name })) }),
    }),
  )
  const body = new Uint8Array(tensors.reduce((sum, { bytes }) => sum + bytes.length, json.length))
  body.set(json)
  let offset = json.length
  for (const { bytes } of tensors) {
    body.set(bytes, offset)
    offset += bytes.length
  }
  return { body, jsonBytes: json.length }
}

function inferAnswer(body: Uint8Array, headers: Headers): InferAnswer {
  const jsonBytes = Number(headers.get('inference-header-content-length') ?? Number.NaN)
  if (!(jsonBytes <= body.length))
    return fail('server_unreachable', 'The server does not answer with tensors as bytes.', {
      hint: 'Check the address, and that nothing in between drops the header Inference-Header-Content-Length.',
    })
  const answer = JSON.parse(new TextDecoder().decode(body.subarray(0, jsonBytes))) as {
    readonly id: string
    readonly model_version: string
    readonly outputs: readonly TensorHeader[]
  }
  let offset = jsonBytes
  const outputs = answer.outputs.map(({ name, datatype, shape, parameters }) => {
    const bytes = body.subarray(offset, (offset += parameters.binary_data_size))
    return { name, datatype, shape, values: tensorValues(datatype, bytes) }
  })
  return { id: answer.id, version: answer.model_version, outputs }
}
