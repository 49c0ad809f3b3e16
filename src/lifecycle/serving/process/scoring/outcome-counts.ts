import { DevmlopsError, errorTable, messageOf } from '#contract/errors'
import { systemClock, type Clock } from '#platform/clock'
import type { Log } from '#platform/log'
import { replaceFile } from '#platform/replace-file'
import { outcomesPath, readOutcomes, type VariantOutcomes } from '../../prediction-log/outcomes.ts'

/** Lines kept of one variant of a deployment: each change of plan begins one. */
const linesPerVariant = 100

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** What became of the requests that one variant was given, counted where it scores them. */
export class OutcomeCount {
  answered = 0
  rows = 0
  failed = 0
  refused = 0

  /** What a caller did wrong says nothing about the model; a queue that is full does. */
  countFailure(error: unknown): void {
    if (
      error instanceof DevmlopsError &&
      error.code !== 'rate_limited' &&
      errorTable[error.code].status < 500
    )
      return
    this.failed++
  }

  /** Reads rows by the signature of the variant, and counts when it does not take them. */
  reading<Rows>(read: () => Rows): Rows {
    try {
      return read()
    } catch (error) {
      if (error instanceof DevmlopsError && error.code === 'invalid_input') this.refused++
      throw error
    }
  }
}

/**
 * Requests answered and failed, by deployment, variant and version, over all processes: the file beside the prediction logs
 * is read at the start and written again once a second while something changes.
 */
export class OutcomeCounts {
  readonly #lines: { readonly line: Mutable<VariantOutcomes>; readonly counts: OutcomeCount | undefined }[] =
    []
  readonly #clock: Clock

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** Begins the line of a variant that a plan brings. */
  begin(variant: Pick<VariantOutcomes, 'deployment' | 'variant' | 'model' | 'version'>): OutcomeCount {
    const counts = new OutcomeCount()
    const since = this.#clock.now()
    this.#lines.push({ line: { ...variant, since, answered: 0, rows: 0, failed: 0, refused: 0 }, counts })
    return counts
  }

  /** Lines of earlier processes, to be kept with those of this one. */
  restore(lines: readonly VariantOutcomes[]): void {
    this.#lines.unshift(...lines.map((line) => ({ line: { ...line }, counts: undefined })))
  }

  /** All lines that count something, the oldest first. */
  get lines(): readonly VariantOutcomes[] {
    const seen = new Map<string, number>()
    const kept: VariantOutcomes[] = []
    for (const { line, counts } of this.#lines.toReversed()) {
      if (counts !== undefined) {
        const { answered, rows, failed, refused } = counts
        Object.assign(line, { answered, rows, failed, refused })
      }
      if (line.answered + line.failed + line.refused === 0) continue
      const key = `${line.deployment}/${line.variant}`
      const before = seen.get(key) ?? 0
      if (before >= linesPerVariant) continue
      seen.set(key, before + 1)
      kept.push(line)
    }
    return kept.reverse()
  }
}

export interface OutcomeKeeping {
  readonly counts: OutcomeCounts
  readonly stateDirectory: string
  readonly clock: Clock
  readonly log: Log
  readonly everyMs?: number
}

export interface OutcomeKeeper {
  /** Writes what is not written yet, and that the counts are whole. */
  close(): Promise<void>
}

/** Takes up the counts of the processes before, and keeps them on disk from then on. */
export async function keepOutcomes(keeping: OutcomeKeeping): Promise<OutcomeKeeper> {
  const { counts, stateDirectory, clock, log, everyMs = 1000 } = keeping
  const before = await readOutcomes(stateDirectory)
  counts.restore(before?.variants ?? [])
  const deaths = (before?.deaths ?? 0) + (before?.open === true ? 1 : 0)
  let written = ''
  let warned = false

  const write = async (open: boolean): Promise<void> => {
    const variants = counts.lines
    const text = JSON.stringify({ open, deaths, variants })
    if (text === written || (written === '' && open && variants.length === 0)) return
    try {
      const file = { writtenAt: clock.now(), open, deaths, variants }
      await replaceFile(outcomesPath(stateDirectory), JSON.stringify(file), { mode: 0o600 })
      written = text
      warned = false
    } catch (error) {
      // A full disk: the counts stay in memory and are tried again.
      if (!warned)
        log.warn({ error: messageOf(error) }, 'the counts of answered and failed requests were not written')
      warned = true
    }
  }

  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    running = running.then(() => write(true))
  }, everyMs)
  timer.unref()
  return {
    close: async () => {
      clearInterval(timer)
      await running
      await write(false)
    },
  }
}
