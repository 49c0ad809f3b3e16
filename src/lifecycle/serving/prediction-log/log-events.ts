import { readFile, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '#contract/errors'
import { openSender, type Sender } from '#lifecycle/registry/index'
import { environmentVariable } from '#platform/config'
import type { JobKind } from '#platform/jobs/index'
import type { Platform } from '#platform/platform'
import { replaceFile } from '#platform/replace-file'
import { fullLogSettings, type LogEventsSettings, type LogSettings } from '../deployment/log.ts'
import { binaryMode, kserveEvents } from './cloud-events.ts'
import type { LogEvents } from './contract.ts'
import { endOfPredictions, readPredictions, steadily, type PredictionCursor } from './read-predictions.ts'
import type { PredictionRecord } from './record.ts'

export interface LogEventsDependencies {
  readonly platform: Platform
  readonly logs: () => Promise<readonly { readonly deployment: string; readonly settings: LogSettings }[]>
  readonly directoryOf: (deployment: string) => string
}

/** How far a log has been told. */
interface Told {
  readonly cursor: PredictionCursor
  readonly sent: number
  /** Events that the receiver will never take. */
  readonly refused: number
  readonly problem?: string
  readonly nextTryAt?: number
  readonly failures: number
}

const kind = 'prediction-events'
const pageRecords = 200
const parallel = 8
const askEveryMs = 1000
const idleMs = 20_000
const firstPauseMs = 1000
const longestPauseMs = 300_000

/**
 * Sends every logged prediction as CloudEvents. It reads the log like any other reader, by a cursor that is kept when the
 * receiver has taken what is before it: so each prediction is sent at least once, whatever dies, and the process that answers
 * knows nothing of it.
 */
export function createLogEvents({ platform, logs, directoryOf }: LogEventsDependencies) {
  const { clock, jobs, log, config } = platform
  const rules = { allowPrivate: config.webhookPrivateHosts }
  const pathOf = (deployment: string): string => join(directoryOf(deployment), 'events.json')

  const toldOf = async (deployment: string): Promise<Told | undefined> => {
    const text = await readFile(pathOf(deployment), 'utf8').catch(() => undefined)
    return text === undefined ? undefined : (JSON.parse(text) as Told)
  }
  const keep = (deployment: string, told: Told): Promise<void> =>
    replaceFile(pathOf(deployment), JSON.stringify(told), { mode: 0o600 })

  const settingsOf = async (deployment: string): Promise<LogEventsSettings | undefined> => {
    const found = (await logs()).find((one) => one.deployment === deployment)
    return found === undefined ? undefined : fullLogSettings(found.settings).events
  }

  /** Sends a page. Answers how far it came, and why no further. */
  const sendPage = async (
    records: readonly PredictionRecord[],
    settings: LogEventsSettings,
    signal: AbortSignal,
  ): Promise<{ sent: number; refused: number; problem?: string; retryAfterMs?: number | undefined }> => {
    const sender = await openSender(settings.url, rules, signal)
    let sent = 0
    let refused = 0
    try {
      for (; sent < records.length; sent += parallel) {
        const outcomes = await Promise.all(
          records.slice(sent, sent + parallel).map((record) => sendRecord(sender, record, settings)),
        )
        refused += outcomes.reduce((sum, outcome) => sum + outcome.refused, 0)
        const failed = outcomes.findIndex(({ problem }) => problem !== undefined)
        if (failed === -1) continue
        const { problem = '', retryAfterMs } = outcomes[failed] ?? { problem: '' }
        return { sent: sent + failed, refused, problem, retryAfterMs }
      }
      return { sent: records.length, refused }
    } finally {
      sender.close()
    }
  }

  const sendRecord = async (
    sender: Sender,
    record: PredictionRecord,
    { namespace, token_variable }: LogEventsSettings,
  ): Promise<{ refused: number; problem?: string; retryAfterMs?: number | undefined }> => {
    const token = token_variable === undefined ? undefined : environmentVariable(token_variable)
    let refused = 0
    for (const event of kserveEvents(record, namespace)) {
      const { headers, body } = binaryMode(event)
      const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` }
      try {
        const now = clock.now()
        const { status, retryAfterMs } = await sender.post({
          headers: { ...headers, ...authorization },
          body,
          now,
        })
        if (status >= 200 && status < 300) continue
        const isLater = status === 429 || status === 408 || status >= 500 || status === 401 || status === 403
        if (isLater) return { refused, problem: `it answered ${status}`, retryAfterMs }
        refused++
      } catch (error) {
        return { refused, problem: messageOf(error) }
      }
    }
    return { refused }
  }

  /** Sends what is there. Answers whether there was anything. */
  const sendNext = async (deployment: string, signal: AbortSignal): Promise<boolean> => {
    const settings = await settingsOf(deployment)
    const told = await toldOf(deployment)
    if (settings === undefined || told === undefined) return false
    const directory = directoryOf(deployment)
    const { records, next } = await readPredictions({ directory, after: told.cursor, limit: pageRecords })
    if (records.length === 0 || next === undefined) return false
    const outcome = await sendPage(records, settings, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      return { sent: 0, refused: 0, problem: messageOf(error), retryAfterMs: undefined }
    })
    signal.throwIfAborted()
    const { problem, sent } = outcome
    const cursor = sent === records.length ? next : await cursorBehind(directory, told.cursor, sent)
    const failures = problem === undefined ? 0 : told.failures + 1
    const backOff = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures, 20))
    await keep(deployment, {
      cursor,
      sent: told.sent + sent,
      refused: told.refused + outcome.refused,
      failures,
      ...(problem === undefined
        ? {}
        : {
            problem,
            nextTryAt: clock.now() + Math.min(longestPauseMs, Math.max(backOff, outcome.retryAfterMs ?? 0)),
          }),
    })
    if (problem !== undefined) {
      log.warn({ deployment, problem, failures }, 'predictions could not be sent as events')
    }
    return problem === undefined
  }

  const jobKind: JobKind = {
    kind,
    concurrency: 10,
    run: async ({ job, signal }) => {
      for (let idleSince = clock.now(); clock.now() - idleSince < idleMs;) {
        const waitsUntil = (await toldOf(job.key))?.nextTryAt ?? 0
        // The next look at what is due begins again.
        if (waitsUntil > clock.now() + idleMs) return
        if (waitsUntil > clock.now()) await pause(waitsUntil - clock.now(), undefined, { signal })
        if (await sendNext(job.key, signal)) idleSince = clock.now()
        else await pause(askEveryMs, undefined, { signal })
      }
    },
  }

  return {
    jobKind,
    sendNext,

    /** To be called every now and then. A log is told from where it ends when events are first asked for. */
    enqueueDue: async (): Promise<void> => {
      for (const { deployment, settings } of await logs()) {
        const directory = directoryOf(deployment)
        if (!existsSync(directory)) continue
        if (fullLogSettings(settings).events === undefined) {
          // Asked for again some day, they begin there, and not with all that happened in between.
          await rm(pathOf(deployment), { force: true })
          continue
        }
        const told = await toldOf(deployment)
        const end = await endOfPredictions(directory)
        if (told === undefined) await keep(deployment, { cursor: end, sent: 0, refused: 0, failures: 0 })
        else if (isBefore(told.cursor, end) && (told.nextTryAt ?? 0) <= clock.now()) {
          await jobs.enqueue({ kind, key: deployment, payload: {}, actor: 'serving' })
        }
      }
    },

    figures: async (deployment: string): Promise<LogEvents | undefined> => {
      const told = await toldOf(deployment)
      if (told === undefined) return undefined
      const { cursor, sent, refused, problem, nextTryAt } = told
      return {
        sent,
        refused,
        waitingBytes: await bytesBehind(directoryOf(deployment), cursor),
        ...(problem === undefined ? {} : { problem }),
        ...(nextTryAt === undefined ? {} : { nextTryAt }),
      }
    },
  }
}

async function cursorBehind(
  directory: string,
  after: PredictionCursor,
  records: number,
): Promise<PredictionCursor> {
  if (records === 0) return after
  return (await readPredictions({ directory, after, limit: records })).next ?? after
}

function isBefore(left: PredictionCursor, right: PredictionCursor): boolean {
  return left.segment < right.segment || (left.segment === right.segment && left.offset < right.offset)
}

/** Of compacted files their size as they are now. */
function bytesBehind(directory: string, { segment, offset }: PredictionCursor): Promise<number> {
  return steadily(directory, ({ files, segments }) => {
    let bytes = 0
    for (const file of files) if (file.firstSegment > segment) bytes += file.sizeBytes
    for (const { sequence, sizeBytes } of segments) {
      if (sequence > segment) bytes += sizeBytes
      else if (sequence === segment) bytes += Math.max(0, sizeBytes - offset)
    }
    return Promise.resolve(bytes)
  })
}
