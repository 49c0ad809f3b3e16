import type { z } from 'zod'
import type { ErrorCode } from './errors.ts'

/** What a caller must be allowed to do. `read` looks, `write` changes metadata, `operate` moves traffic or runs code. */
export type Permission = 'read' | 'write' | 'operate' | 'admin'

/**
 * A call, as data. The server's routes, the OpenAPI document, the typed client, the command line and the web page derive
 * from it; so do the permission check and the audit record.
 *
 * `input` is one object; on the wire its fields are spread over the path (`:name`), the query (GET, DELETE) and the JSON
 * body (POST, PUT, PATCH). `kind: 'download'` answers bytes, `kind: 'upload'` receives the body as a stream.
 */
export interface Endpoint<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: `/${string}`
  readonly summary: string
  readonly permission: Permission
  readonly input: Input
  readonly output: Output
  readonly errors?: readonly ErrorCode[]
  readonly kind?: 'json' | 'download' | 'upload'
  /** `none`: what the call writes is its own record, and there are thousands a second. A refusal is audited anyway. */
  readonly audit?: 'none'
}

export type Contract = Readonly<Record<string, Endpoint>>

/** Keeps the literal types of an endpoint, so that the client and the handlers are typed from it. */
export function endpoint<Input extends z.ZodType, Output extends z.ZodType>(
  definition: Endpoint<Input, Output>,
): Endpoint<Input, Output> {
  return definition
}

export interface Caller {
  /** Who did it, as it appears in the audit record and in every transition. */
  readonly name: string
  readonly permissions: ReadonlySet<Permission>
}

export interface CallContext {
  readonly caller: Caller
  readonly requestId: string
  readonly signal?: AbortSignal
  /** The body of an upload. */
  readonly body?: ReadableStream<Uint8Array>
}

/** What a `download` endpoint answers. */
export interface Download {
  readonly body: ReadableStream<Uint8Array> | Uint8Array
  readonly contentType: string
  readonly fileName: string
  readonly sizeBytes?: number
}

type Answer<E extends Endpoint> = E extends { kind: 'download' } ? Download : z.input<E['output']>

export type Handler<E extends Endpoint> = (
  input: z.output<E['input']>,
  context: CallContext,
) => Promise<Answer<E>>

export type Handlers<C extends Contract> = { readonly [Name in keyof C]: Handler<C[Name]> }

/** The same contract seen from the calling side. */
export type Client<C extends Contract> = {
  readonly [Name in keyof C]: (
    input: z.input<C[Name]['input']>,
    options?: { signal?: AbortSignal; body?: ReadableStream<Uint8Array> | Uint8Array },
  ) => Promise<C[Name] extends { kind: 'download' } ? Download : z.output<C[Name]['output']>>
}

/** The names of the fields that travel in the path: `/runs/:runId` → `runId`. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/:([A-Za-z]+)/g)].map((match) => match[1] as string)
}
