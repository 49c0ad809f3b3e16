import { DevmlopsError, fail } from '#contract/errors'
import type { Clock } from '#platform/clock'
import { isDuplicate } from '#platform/database/index'
import { checkBatch, type Batch, type CheckedBatch, type KeyValue, type NewMetric } from './log-batch.ts'
import { writeGroup, type GroupWriter, type Outcome } from './log-group.ts'

/**
 * What may wait: more than this is more than a minute of work, and whoever asks then had better come back. Clients wait
 * for their answers, so thousands of them have to ask at once to get here.
 */
const mostWaiting = { batches: 10_000, entries: 500_000 } as const

/** What one group may hold: its writing keeps an embedded store, and the event loop with it, busy for some milliseconds. */
const largestGroup = { batches: 500, entries: 5000 } as const

/** Who sends a point twice is likely to go on: a job that repeats what it did before it was interrupted. */
const carefulGroups = 20

/** Groups that may be written at the same time. SQLite has one writer; with PostgreSQL several overlap their waits. */
const lanes = { sqlite: 1, postgres: 4 } as const

interface Waiting {
  readonly batch: CheckedBatch
  readonly entries: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface LogServiceOptions extends GroupWriter {
  readonly clock: Clock
  readonly most?: { readonly batches: number; readonly entries: number }
}

/**
 * What is logged to runs, with group commit: batches that wait at the same time are written in one transaction, and each
 * is answered after that is on disk. A group begins when the one before it has ended, so nobody waits for company.
 */
export function createLogService({ clock, most = mostWaiting, ...writer }: LogServiceOptions) {
  const { engine, metricPoints } = writer
  let waiting: Waiting[] = []
  let waitingEntries = 0
  let writing = 0
  let isStarting = false
  /** Runs that a group is being written to. Batches of one run stay in the order in which they came. */
  const busyRuns = new Set<string>()

  const check = (batch: Batch, single: boolean): CheckedBatch =>
    checkBatch(batch, { now: clock.now(), isKnownMetric: metricPoints.isKnown, single })

  /** Points are taken for new ones, until that turns out to be wrong. */
  let careful = 0

  const written = async (batches: readonly CheckedBatch[]): Promise<Outcome[]> => {
    const areNew = careful === 0
    if (!areNew) careful -= 1
    try {
      return await writeGroup(writer, batches, { areNew })
    } catch (error) {
      if (!areNew || !isDuplicate(error)) throw error
      careful = carefulGroups
      return writeGroup(writer, batches)
    }
  }

  const write = async (group: readonly Waiting[]): Promise<void> => {
    try {
      const outcomes = await written(group.map(({ batch }) => batch))
      for (const [index, { resolve, reject }] of group.entries()) {
        const refusal = outcomes[index]
        if (refusal === undefined) resolve()
        else reject(refusal)
      }
    } catch (error) {
      // A full disk or a lost server stops all of them. Anything else may be the fault of one, which must not be that of others.
      if (group.length === 1 || error instanceof DevmlopsError) for (const { reject } of group) reject(error)
      else for (const one of group) await write([one])
    }
  }

  /** From the front, as much as a group may hold; batches whose run is being written to stay where they are. */
  const take = (): Waiting[] => {
    const group: Waiting[] = []
    const left: Waiting[] = []
    let entries = 0
    for (const [index, one] of waiting.entries()) {
      const fits = group.length < largestGroup.batches && entries + one.entries <= largestGroup.entries
      if (!fits && group.length > 0) {
        left.push(...waiting.slice(index))
        break
      }
      if (busyRuns.has(one.batch.runId)) left.push(one)
      else {
        group.push(one)
        entries += one.entries
      }
    }
    waiting = left
    waitingEntries -= entries
    return group
  }

  const runLane = async (): Promise<void> => {
    writing += 1
    for (let group = take(); group.length > 0; group = take()) {
      const runIds = new Set(group.map(({ batch }) => batch.runId))
      for (const runId of runIds) busyRuns.add(runId)
      await write(group)
      for (const runId of runIds) busyRuns.delete(runId)
      // Answers are sent and requests are read in between: those that waited in their sockets join the next group.
      await new Promise(setImmediate)
    }
    writing -= 1
  }

  const start = (): void => {
    if (isStarting || writing >= lanes[engine]) return
    isStarting = true
    // Not at once: requests that are read in the same turn of the event loop go together.
    setImmediate(() => {
      isStarting = false
      void runLane()
    })
  }

  const log = (batch: Batch, single = false): Promise<void> =>
    new Promise((resolve, reject) => {
      const checked = check(batch, single)
      const entries = checked.metrics.length + checked.params.length + checked.tags.length
      const isFull = waiting.length >= most.batches || waitingEntries + entries > most.entries
      if (isFull && waiting.length > 0) {
        fail('rate_limited', `${waiting.length} requests wait to be logged already.`, {
          hint: 'Log more with each request, or log less often.',
        })
      }
      waiting.push({ batch: checked, entries, resolve, reject })
      waitingEntries += entries
      start()
    })

  return {
    /** All of it or nothing. A param that is there with another value is a `conflict`; the same value again is fine. */
    logBatch: (batch: Batch): Promise<void> => log(batch),
    logMetric: (runId: string, metric: NewMetric): Promise<void> => log({ runId, metrics: [metric] }, true),
    logParam: (runId: string, param: KeyValue): Promise<void> => log({ runId, params: [param] }, true),
    setTag: (runId: string, key: string, value: string): Promise<void> =>
      log({ runId, tags: [{ key, value }] }, true),
  }
}
