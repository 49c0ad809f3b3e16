import type { CallContext, Endpoint, Permission } from '#contract/endpoint'
import type { Fields, Message, MessageOf } from './message.ts'

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json | undefined }

/** An answer that is JSON already; by parts where it may be longer than should be held at once. */
export interface RawJson {
  readonly json: string | Uint8Array | AsyncIterable<Uint8Array>
}

/** One call of MLflow's protocol, as data. */
export interface MlflowCall {
  readonly methods: readonly Endpoint['method'][]
  /** Below `/api/2.0/mlflow/`; `:name` stands for one part of the path. */
  readonly path: string
  readonly permission: Permission
  readonly request: Message
  /** `none`: what is logged to a run is its own record. */
  readonly audit?: 'none'
  answer(request: never, context: CallContext): Promise<Json | RawJson>
}

export interface CallDefinition<Shape extends Fields> extends Omit<MlflowCall, 'request' | 'answer'> {
  readonly request: Message<Shape>
  readonly answer: (request: MessageOf<Shape>, context: CallContext) => Promise<Json | RawJson>
}

/** Types the answer's request from its message. */
export function call<Shape extends Fields>(definition: CallDefinition<Shape>): MlflowCall {
  return definition
}

export function isRawJson(answer: Json | RawJson): answer is RawJson {
  return typeof answer === 'object' && answer !== null && 'json' in answer && !Array.isArray(answer)
}

export const nothing: Json = {}
