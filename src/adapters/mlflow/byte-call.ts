import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Endpoint, Permission } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { Dispatch } from '#platform/dispatch'
import type { DoorAnswer, DoorRequest } from '#platform/door'
import type { Json } from './call.ts'

export interface ByteCall {
  readonly name: string
  readonly permission: Permission
  readonly audit?: 'none'
  /** What the audit record has of it. */
  readonly input?: Readonly<Record<string, string>>
  answer(): Promise<DoorAnswer>
}

/** Answers a call whose bytes no message can hold, with the dispatcher's checks and records. */
export async function dispatched(
  dispatch: Dispatch,
  request: DoorRequest,
  { name, permission, audit, input = {}, answer }: ByteCall,
): Promise<DoorAnswer> {
  const endpoint: Endpoint = {
    method: 'POST',
    path: '/api/2.0/mlflow-artifacts',
    summary: name,
    permission,
    input: z.any(),
    output: z.any(),
    ...(audit === undefined ? {} : { audit }),
  }
  const route = { name: `mlflow.${name}`, endpoint, handler: answer }
  const context = { caller: request.caller(), requestId: randomUUID(), signal: request.signal }
  return (await dispatch(route, input, context)) as DoorAnswer
}

export function jsonAnswer(document: Json): DoorAnswer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) }
}

/** 501 is what clients fall back on: they take the way that every server has. */
export function notImplemented(message: string): DoorAnswer {
  return {
    status: 501,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ error_code: 'NOT_IMPLEMENTED', message }),
  }
}

/** A path as it stands in a URL; escapes that are none are refused. */
export function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return fail('invalid_input', `Invalid path: "${path.slice(0, 100)}" is no part of a URL.`, { at: 'path' })
  }
}

/** A field of the query that must be there. */
export function queryField({ query }: DoorRequest, name: string): string {
  const value = query.get(name)
  if (value !== null && value !== '') return value
  return fail('invalid_input', `Request must specify ${name}.`, { at: name })
}
