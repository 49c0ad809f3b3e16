import { DevmlopsError, messageOf } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { JobKind, Jobs } from '#platform/jobs/index'
import type { Log } from '#platform/log'
import type { createDeliveryStore, DeliveryRow } from './delivery-store.ts'
import { send, type Letter, type Reply } from './send.ts'
import type { TargetRules } from './target.ts'
import type { createWebhookStore } from './webhook-store.ts'

export interface DeliveryDependencies {
  readonly webhooks: ReturnType<typeof createWebhookStore>
  readonly deliveries: ReturnType<typeof createDeliveryStore>
  readonly jobs: Jobs
  readonly clock: Clock
  readonly log: Log
  readonly rules: TargetRules
}

const kind = 'webhook-delivery'
/** How long a receiver may be away before what it was to be told is given up. */
const giveUpAfterMs = 60 * 60 * 1000
const firstPauseMs = 100
const longestPauseMs = 5 * 60 * 1000
/** Deliveries that are done are kept for people who look for one. */
const keptForMs = 30 * 24 * 60 * 60 * 1000
/** Finds what another process left or wrote. */
const sweepMs = 30_000

/**
 * Sends what waits, in order for each webhook: what cannot be delivered now holds back what came after it, until it is
 * delivered or given up. What waits is in the store, so it goes on after a restart; a process that dies between sending
 * and noting it sends again, with the same delivery id.
 */
export function createDelivery(dependencies: DeliveryDependencies) {
  const { webhooks, deliveries, jobs, clock, log } = dependencies
  let timer: NodeJS.Timeout | undefined
  let forgotAt = 0
  const watched = new Set<string>()

  const sendNext = async (delivery: DeliveryRow, signal: AbortSignal): Promise<void> => {
    const webhook = await webhooks.webhook(delivery.webhook_id)
    const attempts = delivery.attempts + 1
    const done = (
      state: 'delivered' | 'failed',
      status: number | null,
      error: string | null,
    ): Promise<void> =>
      deliveries.noteAttempt(delivery.sequence, {
        state,
        attempts,
        due_at: delivery.due_at,
        finished_at: clock.now(),
        response_status: status,
        error,
      })
    if (webhook === undefined || webhook.status !== 'ACTIVE')
      return done('failed', null, 'the webhook is disabled')
    const letter = {
      url: webhook.url,
      deliveryId: delivery.id,
      body: delivery.body,
      secret: await webhooks.secretOf(webhook.id),
      now: clock.now(),
    }
    const outcome = await attempt(letter, dependencies.rules, signal)
    signal.throwIfAborted()
    if (outcome.kind === 'delivered') return done('delivered', outcome.status, null)
    // A receiver may ask for more time, but not to be asked without a pause.
    const backOff = firstPauseMs * 2 ** Math.min(attempts - 1, 20)
    const pause = Math.min(longestPauseMs, Math.max(backOff, outcome.retryAfterMs ?? 0))
    const dueAt = clock.now() + pause
    const isGivenUp = dueAt > delivery.created_at + giveUpAfterMs
    if (outcome.kind === 'refused' || isGivenUp) {
      const { error } = outcome
      log.warn({ webhookId: webhook.id, deliveryId: delivery.id, attempts, error }, 'webhook not told')
      await done('failed', outcome.status, error)
      if (outcome.kind === 'refused') return
      // Else each of those that waited behind it would take a timeout more than new ones take to come.
      const now = clock.now()
      return deliveries.giveUp(webhook.id, { createdBefore: now - giveUpAfterMs, now, error })
    }
    await deliveries.noteAttempt(delivery.sequence, {
      state: 'pending',
      attempts,
      due_at: dueAt,
      finished_at: null,
      response_status: outcome.status,
      error: outcome.error,
    })
  }

  const jobKind: JobKind = {
    kind,
    concurrency: 10,
    run: async ({ job, signal }) => {
      for (;;) {
        const delivery = await deliveries.nextDelivery(job.key)
        if (delivery === undefined || delivery.due_at > clock.now()) return
        await sendNext(delivery, signal)
      }
    },
  }

  /** Has everything sent that is due, and wakes up for what is due later. */
  const wake = async (): Promise<void> => {
    const waiting = await deliveries.waiting()
    const now = clock.now()
    for (const { webhookId, dueAt } of waiting) {
      if (dueAt > now) continue
      const job = await jobs.enqueue({ kind, key: webhookId, payload: { webhookId }, actor: 'webhooks' })
      if (watched.has(job.id)) continue
      // What is written down while a job ends is in no job; so look again afterwards.
      watched.add(job.id)
      const again = (): Promise<void> => {
        watched.delete(job.id)
        return wake()
      }
      quietly(jobs.wait(job.id).then(again, again))
    }
    const later = waiting.map(({ dueAt }) => dueAt).filter((dueAt) => dueAt > now)
    clearTimeout(timer)
    timer = setTimeout(() => quietly(wake()), Math.min(sweepMs, Math.max(10, Math.min(...later) - now)))
    timer.unref()
    if (now - forgotAt < keptForMs / 100) return
    forgotAt = now
    await deliveries.forgetDeliveries(now - keptForMs)
  }

  const quietly = (work: Promise<unknown>): void =>
    void work.catch((error: unknown) => log.debug({ error: messageOf(error) }, 'webhooks were not looked at'))

  return {
    jobKind,
    wake: (): void => quietly(wake()),
  }
}

type Outcome =
  | { readonly kind: 'delivered'; readonly status: number }
  | {
      readonly kind: 'refused' | 'unavailable'
      readonly status: number | null
      readonly error: string
      readonly retryAfterMs?: number | undefined
    }

async function attempt(letter: Letter, rules: TargetRules, signal: AbortSignal): Promise<Outcome> {
  let reply: Reply
  try {
    reply = await send(letter, rules, signal)
  } catch (error) {
    // An address that may not be called is not called later either.
    const isForbidden = error instanceof DevmlopsError && error.code === 'invalid_input'
    return { kind: isForbidden ? 'refused' : 'unavailable', status: null, error: messageOf(error) }
  }
  const { status, retryAfterMs } = reply
  if (status >= 200 && status < 300) return { kind: 'delivered', status }
  const error = `it answered ${status}`
  const isLater = status === 429 || status >= 500
  return { kind: isLater ? 'unavailable' : 'refused', status, error, retryAfterMs }
}
