import type { DevmlopsError } from '#contract/errors'
import { reservedTags, type RunDocument } from '#lifecycle/tracking/contract'
import type { TrackingClient } from './delivery.ts'
import { experimentIdOf } from './experiment-id.ts'
import { Outbox } from './outbox.ts'
import { watchProcessEnd } from './process-end.ts'
import { Run, textsOf, type EndStatus, type TextValue } from './run.ts'

export interface LoggingOptions {
  /** The folder for what could not be sent; `DEVMLOPS_JOURNAL` when left out, and then `~/.devmlops/journal`. */
  readonly journal?: string
  /** How long a point waits for company before it is sent; 1000 when left out. */
  readonly intervalMs?: number
  /** How many points wait in memory at the most; 20,000 when left out. More go to the journal until the server has caught up. */
  readonly bufferItems?: number
  /** How long `flush`, `end` and `logArtifact` wait for a server that does not answer; 30,000 when left out. */
  readonly flushTimeoutMs?: number
  /** How long a process that ends waits for the server; 5000 when left out. 0: what is left goes to the journal only. */
  readonly exitTimeoutMs?: number
  /** Told at once of what the server refused; the next `flush` or `end` throws it as well. */
  readonly onError?: (error: DevmlopsError, runId: string) => void
}

export interface StartRunOptions {
  /** The name of an experiment, which is made if there is none; `Default` when left out. */
  readonly experiment?: string
  /** A friendly one is made up when it is left out. */
  readonly name?: string
  readonly params?: Readonly<Record<string, TextValue>>
  readonly tags?: Readonly<Record<string, TextValue>>
  /** The run that this one is a part of. */
  readonly parent?: Pick<RunDocument, 'id' | 'experimentId'>
}

interface RunsDependencies extends LoggingOptions {
  readonly tracking: TrackingClient
  readonly url: string
  readonly token: string | undefined
  readonly journal: string
}

/** The runs that this process logs to, over one connection. */
export function createRuns(dependencies: RunsDependencies) {
  const { tracking, url, token, journal, onError } = dependencies
  const { flushTimeoutMs = 30_000, exitTimeoutMs = 5000 } = dependencies
  const open = new Map<string, Run>()
  const outbox = new Outbox({
    tracking,
    url,
    journalFolder: journal,
    intervalMs: dependencies.intervalMs ?? 1000,
    bufferItems: Math.max(1000, dependencies.bufferItems ?? 20_000),
    onRefused: (runId, error) => {
      open.get(runId)?.refuse(error)
      onError?.(error, runId)
    },
  })
  // What a process before could not send waits for nobody; a server that is still away is no reason to fail here.
  void outbox.inherit()

  let unwatch: (() => void) | undefined
  const endAll = (status: EndStatus): void => {
    for (const run of open.values()) run.markEnded(status)
  }
  const watch = (): void => {
    unwatch ??= watchProcessEnd({
      token,
      exitTimeoutMs,
      settle: async (status) => {
        endAll(status)
        await outbox.flush(exitTimeoutMs).catch(() => undefined)
      },
      save: (status) => {
        endAll(status)
        return outbox.save()
      },
    })
  }

  const opened = (document: RunDocument): Run => {
    const run = new Run(document, {
      tracking,
      outbox,
      flushTimeoutMs,
      startChild: (parent, options) => startRun({ ...options, parent }),
      onEnd: ({ id }) => {
        open.delete(id)
        if (open.size > 0 || !outbox.isEmpty) return
        unwatch?.()
        unwatch = undefined
      },
    })
    open.set(run.id, run)
    watch()
    return run
  }

  async function startRun(options?: StartRunOptions): Promise<Run>
  async function startRun<Result>(
    options: StartRunOptions,
    body: (run: Run) => Promise<Result> | Result,
  ): Promise<Result>
  async function startRun<Result>(
    options: StartRunOptions = {},
    body?: (run: Run) => Promise<Result> | Result,
  ): Promise<Run | Result> {
    const { experiment, name, params, parent } = options
    const experimentId =
      experiment === undefined ? (parent?.experimentId ?? '0') : await experimentIdOf(tracking, experiment)
    const tags = textsOf('tag', options.tags ?? {})
    const run = opened(
      await tracking.createRun({
        experimentId,
        ...(name === undefined ? {} : { name }),
        tags: parent === undefined ? tags : { ...tags, [reservedTags.parentRunId]: parent.id },
      }),
    )
    if (params !== undefined) run.logParams(params)
    return body === undefined ? run : within(run, body)
  }

  return {
    /**
     * Starts a run. With a function, the run ends with it: FINISHED when it returns, FAILED when it throws.
     */
    startRun,

    /** Goes on with a run that exists, such as one that this process's predecessor started. */
    resumeRun: async (runId: string): Promise<Run> =>
      opened(await tracking.updateRun({ runId, status: 'RUNNING' })),

    /** Resolves when all that was logged over this connection is on the server. */
    flush: (): Promise<void> => outbox.flush(flushTimeoutMs),
  }
}

async function within<Result>(run: Run, body: (run: Run) => Promise<Result> | Result): Promise<Result> {
  let result: Result
  try {
    result = await body(run)
  } catch (error) {
    // The error of the program is the one to hear about.
    await run.end('FAILED').catch(() => undefined)
    throw error
  }
  await run.end()
  return result
}
