import { fail } from '#contract/errors'
import type { RowBatch, ScoredRows } from '#lifecycle/serving/model-runtime-point'
import type { ParsedModel } from '../compiled/index.ts'
import type { OpenedModel, ScorerSource } from './open-model.ts'
import type { ScorerChoice } from './scorer-choice.ts'
import { ScoringThread } from './scoring-thread.ts'
import type { ScoringThreadOptions } from './worker-messages.ts'

/** Threads that all hold the same models, known by number. */
export interface ScoringThreads {
  /** `read` is asked again when a thread has to be replaced: kept bytes would be memory for a rare case. */
  load(read: () => Promise<ScorerSource>): Promise<{ readonly number: number; readonly opened: OpenedModel }>
  /** How the model's batches are scored best: found out when nothing is being loaded, one model after the other. */
  choose(model: number): Promise<ScorerChoice>
  /** From now on the threads score the model by its compiled form; one that has to be replaced, by onnxruntime. */
  compile(model: number, parsed: ParsedModel): Promise<void>
  has(model: number): boolean
  score(model: number, batch: RowBatch): Promise<ScoredRows>
  release(model: number): Promise<void>
  close(): Promise<void>
}

export interface ScoringThreadsOptions extends Partial<ScoringThreadOptions> {
  readonly onDeath?: ((reason: string) => void) | undefined
}

/** A thread that dies as soon as it starts must not keep a core busy. */
const restartDelayMs = 200
/** How often to look whether loading is over. */
const quietMs = 50

export function createScoringThreads(count: number, options: ScoringThreadsOptions = {}): ScoringThreads {
  const { onDeath = () => undefined, background = false } = options
  const held = new Map<number, () => Promise<ScorerSource>>()
  let nextModel = 1
  let closed = false
  let loading = 0
  const isLoading = (): boolean => loading > 0
  let choosing: Promise<unknown> = Promise.resolve()

  const start = (): ScoringThread => {
    const thread = new ScoringThread(
      (reason) => {
        onDeath(reason)
        const place = threads.indexOf(thread)
        setTimeout(() => {
          if (closed || place === -1) return
          const fresh = start()
          threads[place] = fresh
          void fill(fresh)
        }, restartDelayMs).unref()
      },
      { background },
    )
    return thread
  }
  const fill = (thread: ScoringThread): Promise<unknown> =>
    Promise.allSettled(
      [...held].map(async ([model, read]) => thread.call({ kind: 'load', model, source: await read() })),
    )
  const threads = Array.from({ length: count }, start)

  const release = async (model: number): Promise<void> => {
    held.delete(model)
    await Promise.allSettled(threads.map((thread) => thread.call({ kind: 'release', model })))
  }

  return {
    load: async (read) => {
      loading++
      const source = await read()
      const number = nextModel++
      held.set(number, read)
      try {
        const [opened] = await Promise.all(
          threads.map((thread) => thread.call({ kind: 'load', model: number, source })),
        )
        return { number, opened: opened ?? fail('internal', 'No thread has loaded the model.') }
      } catch (error) {
        await release(number)
        throw error
      } finally {
        loading--
      }
    },
    choose: (model) => {
      const choice = choosing.then(async () => {
        while (isLoading()) await new Promise((resolve) => setTimeout(resolve, quietMs).unref())
        if (closed) fail('not_ready', 'The threads are closed.')
        const source = await (held.get(model) ?? fail('not_ready', 'The model was let go.'))()
        return (threads[0] as ScoringThread).call({ kind: 'choose', model, source })
      })
      choosing = choice.catch(() => undefined)
      return choice
    },
    compile: async (model, parsed) => {
      if (held.has(model))
        await Promise.all(threads.map((thread) => thread.call({ kind: 'compile', model, parsed })))
    },
    has: (model) => held.has(model),
    score: (model, batch) =>
      leastBusy(threads).call({ kind: 'score', model, batch }, [batch.numbers.buffer as ArrayBuffer]),
    release,
    close: async () => {
      closed = true
      await Promise.all(threads.map((thread) => thread.close()))
    },
  }
}

function leastBusy(threads: readonly ScoringThread[]): ScoringThread {
  return threads.reduce((best, thread) => (thread.waiting < best.waiting ? thread : best))
}
