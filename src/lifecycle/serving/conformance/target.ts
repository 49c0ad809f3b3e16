import { messageOf } from '#contract/errors'
import type { GrpcClient, GrpcReply } from './grpc-client.ts'
import { Unmet } from './conformance-case.ts'
import { exampleTensor, nested, type ExampleTensor, type TensorFacts } from './tensor-example.ts'

/** One request and its answer, shown when a case fails. */
export interface Exchange {
  readonly request: string
  readonly answer: string
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown
}

export interface ModelFacts {
  readonly name: string
  readonly versions: readonly string[]
  readonly inputs: readonly TensorFacts[]
  readonly outputs: readonly TensorFacts[]
}

/** The server that is looked at, and what it has said of itself. */
export interface Target {
  readonly extensions: readonly string[]
  readonly model: ModelFacts
  /** Undefined when no address of gRPC was given. */
  readonly grpc: GrpcClient | undefined
  /** Whether cases may unload the model. */
  readonly mayUnload: boolean
  send(method: string, path: string, request?: Request): Promise<Reply>
  call(path: string, message: Uint8Array): Promise<GrpcReply>
  /** Tensors for some rows, from a request that was given or from what the model says of its inputs. */
  inputs(rows: number, firstRow?: number): readonly ExampleTensor[]
  /** Notes an exchange that was not made by `send` or `call`. */
  note(exchange: Exchange): void
}

export interface Request {
  /** Sent as JSON, unless it is bytes or text already. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface TargetOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly note: (exchange: Exchange) => void
}

/** Fails with {@link Unmet} when there is no answer: a server that hangs or cuts off is one that breaks the rule. */
export async function sendRequest(
  options: TargetOptions,
  { method, path }: { readonly method: string; readonly path: string },
  { body, headers = {} }: Request,
): Promise<Reply> {
  const content =
    body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const request = `${method} ${path}${headerLines(headers)}${content === undefined ? '' : `\n${shown(content)}`}`
  try {
    const response = await fetch(options.url + path, {
      method,
      headers: {
        ...(content === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
        ...headers,
      },
      signal: AbortSignal.timeout(options.timeoutMs),
      ...(content === undefined ? {} : { body: content }),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    options.note({ request, answer: `${response.status}\n${shown(bytes)}` })
    return { status: response.status, headers: response.headers, bytes, json: jsonOf(bytes) }
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : ''
    const answer = `no answer: ${messageOf(error)}${cause}`
    options.note({ request, answer })
    throw new Unmet(answer)
  }
}

function headerLines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `\n${name}: ${value}`)
    .join('')
}

const longestShown = 600

export function shown(content: string | Uint8Array): string {
  const text = typeof content === 'string' ? content : Buffer.from(content).toString('utf8')
  const printable = text.replaceAll(/[^\x20-\x7e\n]/g, '·')
  return printable.length > longestShown
    ? `${printable.slice(0, longestShown)}… (${content.length} bytes)`
    : printable
}

export function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}

export function exampleInputs(model: ModelFacts, rows: number, firstRow: number): readonly ExampleTensor[] {
  return model.inputs.map((facts) => exampleTensor(facts, rows, firstRow))
}

export interface JsonTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: unknown
}

export function flatInput({ name, datatype, shape, data }: ExampleTensor): JsonTensor {
  return { name, datatype, shape, data }
}

export function nestedInput({ name, datatype, shape, data }: ExampleTensor): JsonTensor {
  return { name, datatype, shape, data: nested(data, shape) }
}
