import { createClient, httpTransport } from '#contract/client'
import type { DevmlopsError } from '#contract/errors'
import { trackingContract } from '#lifecycle/tracking/contract'
import { send, type TrackingClient } from './delivery.ts'
import { claimJournals, type Journal } from './journal.ts'

export interface FlushOptions {
  /** The folder of what could not be sent. */
  readonly journal: string
  readonly token?: string
  /** Where to send it; each to the server that it was written for when left out. */
  readonly url?: string
  /** One file of the folder, whoever wrote it; all that no living process writes when left out. */
  readonly only?: Journal
}

export interface FlushOutcome {
  readonly sent: number
  /** What the server will never take, and why. */
  readonly refused: readonly { readonly runId: string; readonly error: DevmlopsError }[]
}

/** Sends what processes that are dead left behind. Rejects when a server does not answer; what is not sent stays. */
export async function flushJournals(options: FlushOptions): Promise<FlushOutcome> {
  const { journal: folder, only, token } = options
  const refused: { runId: string; error: DevmlopsError }[] = []
  let sent = 0
  for (const journal of only === undefined ? await claimJournals(folder) : [only]) {
    const transport = httpTransport({
      url: options.url ?? journal.url,
      ...(token === undefined ? {} : { token }),
    })
    const tracking: TrackingClient = createClient(trackingContract, transport)
    for (let next = await journal.first(); next !== undefined; next = await journal.first()) {
      const { runId } = next
      await send(tracking, next, (error) => refused.push({ runId, error }))
      journal.done()
      sent++
    }
  }
  return { sent, refused }
}
