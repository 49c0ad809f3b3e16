import type { Client, ServiceError } from '@grpc/grpc-js'
import { messageOf } from '#contract/errors'

/** What a server answered to one call: a message, or a status that is not OK. */
export interface GrpcReply {
  /** Undefined when the call failed. */
  readonly message: Buffer | undefined
  /** 0 is OK: github.com/grpc/grpc/blob/master/doc/statuscodes.md. */
  readonly status: number
  readonly details: string
}

export interface GrpcClient {
  call(path: string, message: Uint8Array, headers?: Readonly<Record<string, string>>): Promise<GrpcReply>
  /** Sends all messages, ends, and hands over every answer that came, with the status at the end. */
  stream(
    path: string,
    messages: readonly Uint8Array[],
  ): Promise<{
    readonly messages: readonly Buffer[]
    readonly status: number
    readonly details: string
  }>
  close(): void
}

export interface GrpcClientOptions {
  readonly timeoutMs: number
  readonly headers?: Readonly<Record<string, string>> | undefined
}

const bytes = (message: Buffer): Buffer => message

/** A client of any service: messages are bytes, written and read by whoever calls. */
export async function openGrpcClient(
  address: string,
  { timeoutMs, headers: always = {} }: GrpcClientOptions,
): Promise<GrpcClient> {
  const grpc = await import('@grpc/grpc-js')
  const isTls = address.startsWith('https://')
  const target = address.replace(/^https?:\/\//, '')
  const credentials = isTls ? grpc.credentials.createSsl() : grpc.credentials.createInsecure()
  const client: Client = new grpc.Client(target, credentials, {
    'grpc.max_receive_message_length': -1,
    'grpc.enable_retries': 0,
  })
  const metadataOf = (headers: Readonly<Record<string, string>>): InstanceType<typeof grpc.Metadata> => {
    const metadata = new grpc.Metadata()
    for (const [name, value] of Object.entries({ ...always, ...headers })) metadata.set(name, value)
    return metadata
  }
  return {
    call: (path, message, headers = {}) =>
      new Promise((resolve) => {
        const deadline = Date.now() + timeoutMs
        const answered = (error: ServiceError | null, answer?: Buffer): void => {
          if (error === null) resolve({ message: answer, status: 0, details: '' })
          else resolve({ message: undefined, status: error.code, details: error.details })
        }
        const request = Buffer.from(message)
        client.makeUnaryRequest(path, bytes, bytes, request, metadataOf(headers), { deadline }, answered)
      }),
    stream: (path, messages) =>
      new Promise((resolve) => {
        const answers: Buffer[] = []
        const options = { deadline: Date.now() + timeoutMs }
        const call = client.makeBidiStreamRequest<Buffer, Buffer>(path, bytes, bytes, metadataOf({}), options)
        call.on('data', (answer: Buffer) => answers.push(answer))
        // The status comes in any case.
        call.on('error', () => undefined)
        call.on('status', ({ code, details }) => resolve({ messages: answers, status: code, details }))
        try {
          for (const message of messages) call.write(Buffer.from(message))
          call.end()
        } catch (error) {
          resolve({ messages: answers, status: 2, details: messageOf(error) })
        }
      }),
    close: () => client.close(),
  }
}
