import type { Log } from '#platform/log'
import type { Admission } from '../access/known-key.ts'
import type { BodyBudget } from '../http/body-budget.ts'
import type { HttpCall, Route } from '../http/http-call.ts'
import { countAnswer, countFailure } from '../metrics/count-call.ts'
import type { ServingContext } from '../serving-context.ts'
import { failureOf, httpCallOf, type GrpcCall, type GrpcFailure } from './grpc-call.ts'
import { decompressed, type Frame } from './message-frames.ts'

export type Admit = NonNullable<Route['admit']>

/** What calls are answered from. */
export interface GrpcContext {
  readonly serving: ServingContext
  readonly log: Log
  readonly admit: {
    /** Whoever asks for predictions. */
    readonly predict: Admit
    /** Whoever sends plans. */
    readonly control: Admit
  }
  /** Of requests that are being read. */
  readonly budget: BodyBudget
}

const smallMessageBytes = 1024 * 1024

/** Before a message is read nobody knows for which deployment it is: its own limit is looked at afterwards. */
export function largestMessageBytes({ serving }: GrpcContext): number {
  let largest = smallMessageBytes
  for (const { plan } of serving.table().deployments.values())
    largest = Math.max(largest, plan.limits.bodyBytes)
  return largest
}

export interface MessageAnswer {
  readonly startedAt: number
  /** Lets the caller in. What it gives is released by whoever asks for the answer. */
  admit(): Admission | void
  answer(call: HttpCall): Buffer | Promise<Buffer>
}

/** Lets a message in, answers and counts it. */
export async function answerMessage(
  context: GrpcContext,
  call: GrpcCall,
  { frame, message }: { readonly frame: Frame; readonly message: MessageAnswer },
): Promise<Buffer | GrpcFailure> {
  const { serving, log } = context
  const { metrics } = serving
  const httpCall = httpCallOf(call, frame.message, message.startedAt)
  let answered: Buffer | GrpcFailure
  let status = 200
  metrics.requestsInFlight++
  try {
    const admission = message.admit()
    if (admission !== undefined) {
      httpCall.admission = admission
      httpCall.caller = admission.caller
    }
    if (frame.isCompressed) {
      const limitBytes = largestMessageBytes(context)
      httpCall.body = await decompressed(frame.message, call.headers['grpc-encoding'], limitBytes)
    }
    answered = await message.answer(httpCall)
  } catch (error) {
    answered = failureOf(error, log)
    status = answered.httpStatus
    countFailure(httpCall, error, serving.clock.now())
  }
  metrics.requestsInFlight--
  countAnswer(httpCall, status)
  if (httpCall.caller !== undefined) metrics.callers.count(httpCall.caller, status)
  return answered
}
