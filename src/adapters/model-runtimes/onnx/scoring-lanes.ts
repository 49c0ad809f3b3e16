import { createScoringThreads, type ScoringThreads, type ScoringThreadsOptions } from './scoring-threads.ts'

/** A batch that is expected to take longer than this would hold up the other models. */
const slowMs = 50

type Read = Parameters<ScoringThreads['load']>[0]

/** What batches of about so many rows took, by the logarithm of their rows. */
class TimesByRows {
  readonly #times: number[] = []

  observe(rows: number, milliseconds: number): void {
    const bucket = bucketOf(rows)
    const before = this.#times[bucket]
    this.#times[bucket] = before === undefined ? milliseconds : before * 0.7 + milliseconds * 0.3
  }

  /** As what was seen; beyond it, as if all of the time went with the rows. 0 when nothing was. */
  expected(rows: number): number {
    for (let bucket = bucketOf(rows); bucket >= 0; bucket--) {
      const time = this.#times[bucket]
      if (time !== undefined) return time * 2 ** (bucketOf(rows) - bucket)
    }
    return 0
  }
}

interface LaneModel {
  readonly read: Read
  readonly times: TimesByRows
  /** Its number in the slow lane, once something of it went there. */
  slow: Promise<number> | undefined
}

/**
 * Threads for all models, and one more for batches that take long, as soon as there are some and another model that they
 * would hold up: onnxruntime cannot be interrupted, so what is slow must not share a thread with what is not.
 */
export function createScoringLanes(count: number, options: ScoringThreadsOptions = {}): ScoringThreads {
  const fast = createScoringThreads(count, options)
  const models = new Map<number, LaneModel>()
  let slowLane: ScoringThreads | undefined

  const inSlowLane = (model: LaneModel): Promise<number> => {
    slowLane ??= createScoringThreads(1, options)
    model.slow ??= slowLane.load(model.read).then(({ number }) => number)
    return model.slow
  }

  return {
    ...fast,
    load: async (read) => {
      const loaded = await fast.load(read)
      models.set(loaded.number, { read, times: new TimesByRows(), slow: undefined })
      return loaded
    },
    score: async (number, batch) => {
      const model = models.get(number)
      const { rows } = batch
      const isSlow = model !== undefined && models.size > 1 && model.times.expected(rows) > slowMs
      const scored =
        isSlow && model !== undefined
          ? await (slowLane ?? fast).score(await inSlowLane(model), batch)
          : await fast.score(number, batch)
      if (scored.computeMs !== undefined) model?.times.observe(rows, scored.computeMs)
      return scored
    },
    release: async (number) => {
      const slow = models.get(number)?.slow
      models.delete(number)
      const inSlow = await slow?.catch(() => undefined)
      await Promise.all([fast.release(number), inSlow === undefined ? undefined : slowLane?.release(inSlow)])
    },
    close: async () => {
      await Promise.all([fast.close(), slowLane?.close()])
    },
  }
}

function bucketOf(rows: number): number {
  return 31 - Math.clz32(Math.max(1, rows))
}
