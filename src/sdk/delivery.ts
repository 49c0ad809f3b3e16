import type { Client } from '#contract/endpoint'
import { DevmlopsError, messageOf } from '#contract/errors'
import type { RunStatus, trackingContract } from '#lifecycle/tracking/contract'

export type TrackingClient = Client<typeof trackingContract>

/** JSON has no NaN and no infinities: they are written as text. */
export type WrittenNumber = number | 'NaN' | 'Infinity' | '-Infinity'

export interface WrittenPoint {
  readonly key: string
  readonly value: WrittenNumber
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly step: number
}

export interface RunEnd {
  readonly status: RunStatus
  /** Epoch milliseconds. */
  readonly endedAt: number
}

/** What is sent at once: a part of what was logged to one run, within the limits of one request. Sending it twice changes nothing. */
export interface Delivery {
  readonly runId: string
  readonly metrics: readonly WrittenPoint[]
  readonly params: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly end?: RunEnd
}

export const requestLimits = { items: 1000, params: 100, tags: 100 } as const

/** Something that the server will never take, however often it is sent. */
export type Refuse = (error: DevmlopsError) => void

/**
 * Sends it. What the server refuses is left out and told, and the rest is sent: one bad name must not cost a thousand
 * good points. Rejects when it makes sense to try again later.
 */
export async function send(tracking: TrackingClient, delivery: Delivery, refuse: Refuse): Promise<void> {
  const { runId, end } = delivery
  await log(tracking, delivery, refuse)
  if (end === undefined) return
  try {
    await tracking.updateRun({ runId, ...end })
  } catch (error) {
    refuse(refusalOf(error))
  }
}

async function log(tracking: TrackingClient, delivery: Delivery, refuse: Refuse): Promise<void> {
  const { runId, metrics, params, tags } = delivery
  if (sizeOf(delivery) === 0) return
  try {
    await tracking.logBatch({ runId, metrics: [...metrics], params, tags })
  } catch (error) {
    const refusal = refusalOf(error)
    const without = remainderOf(delivery, refusal)
    if (without.length !== 2) refuse(refusal)
    for (const part of without) await log(tracking, part, refuse)
  }
}

/** What to send instead: without the item that the server names, or else in two halves, to find the bad one. */
function remainderOf(delivery: Delivery, { code, at = '' }: DevmlopsError): Delivery[] {
  const [, param] = /^params\.(.+)$/.exec(at) ?? []
  if (param !== undefined && param in delivery.params) {
    const params = Object.fromEntries(Object.entries(delivery.params).filter(([key]) => key !== param))
    return [{ ...delivery, params }]
  }
  const [, index] = /^metrics\[(\d+)\]/.exec(at) ?? []
  if (index !== undefined && Number(index) < delivery.metrics.length) {
    return [{ ...delivery, metrics: delivery.metrics.toSpliced(Number(index), 1) }]
  }
  if (code !== 'invalid_input' || sizeOf(delivery) < 2) return []
  return halvesOf(delivery)
}

function halvesOf(delivery: Delivery): Delivery[] {
  const { runId } = delivery
  const metrics = delivery.metrics.map((point) => ({ metrics: [point] }))
  const params = Object.entries(delivery.params).map(([key, value]) => ({ params: { [key]: value } }))
  const tags = Object.entries(delivery.tags).map(([key, value]) => ({ tags: { [key]: value } }))
  const items: readonly Partial<Delivery>[] = [...metrics, ...params, ...tags]
  const middle = Math.floor(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)].map((half) => ({
    runId,
    metrics: half.flatMap((item) => item.metrics ?? []),
    params: Object.assign({}, ...half.map((item) => item.params)) as Record<string, string>,
    tags: Object.assign({}, ...half.map((item) => item.tags)) as Record<string, string>,
  }))
}

export function sizeOf({ metrics, params, tags }: Delivery): number {
  return metrics.length + Object.keys(params).length + Object.keys(tags).length
}

/** Gives the error when trying again is of no use, and throws it when it is. */
function refusalOf(error: unknown): DevmlopsError {
  const known = error instanceof DevmlopsError ? error : new DevmlopsError('internal', messageOf(error))
  if (isPassing(known)) throw known
  return known
}

/** Errors that go by: the server or the network is away, or whoever looks after it has to act (disk, token). */
export function isPassing({ code }: DevmlopsError): boolean {
  switch (code) {
    case 'server_unreachable':
    case 'not_ready':
    case 'overloaded':
    case 'timed_out':
    case 'rate_limited':
    case 'storage_full':
    case 'store_in_use':
    case 'internal':
    case 'unauthenticated':
    case 'permission_denied':
      return true
    case 'invalid_input':
    case 'invalid_project':
    case 'unsupported_media_type':
    case 'payload_too_large':
    case 'not_found':
    case 'already_exists':
    case 'conflict':
    case 'port_in_use':
    case 'validation_failed':
    case 'unreadable_data':
    case 'gate_failed':
    case 'step_failed':
    case 'training_failed':
    case 'cancelled':
    case 'storage_corrupt':
      return false
  }
}
