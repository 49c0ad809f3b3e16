import type { IncomingHttpHeaders } from 'node:http'
import type { Log } from '#platform/log'
import { countAnswer, countFailure } from '../metrics/count-call.ts'
import type { HttpCall } from '../http/http-call.ts'
import type { ServingContext } from '../serving-context.ts'
import { failureOf, type GrpcFailure } from './grpc-call.ts'

/** What calls are answered from. */
export interface GrpcContext {
  readonly serving: ServingContext
  readonly log: Log
  /** Fails for a caller who may not ask for predictions. */
  readonly admit: (headers: IncomingHttpHeaders) => void
}

const smallMessageBytes = 1024 * 1024

/** Before a message is read nobody knows for which deployment it is: its own limit is looked at afterwards. */
export function largestMessageBytes({ serving }: GrpcContext): number {
  let largest = smallMessageBytes
  for (const { plan } of serving.table().deployments.values())
    largest = Math.max(largest, plan.limits.bodyBytes)
  return largest
}

/** Answers one message and counts it. */
export async function answerMessage(
  { serving, log }: GrpcContext,
  call: HttpCall,
  method: () => Buffer | Promise<Buffer>,
): Promise<Buffer | GrpcFailure> {
  try {
    const answered = await method()
    countAnswer(call, 200)
    return answered
  } catch (error) {
    const failure = failureOf(error, log)
    countFailure(call, error, serving.clock.now())
    countAnswer(call, failure.httpStatus)
    return failure
  }
}
