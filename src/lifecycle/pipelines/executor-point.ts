/**
 * Extension point: where a command runs. The stage decides what to run and what its output means; an executor starts
 * it, passes on what it prints, and stops it.
 */
export interface Executor {
  readonly name: string
  /** Fails with `step_failed` when the command cannot be started at all. */
  launch(task: ExecutorTask): Promise<ExecutorJob>
  /**
   * Stops what an earlier process launched and could not see the end of. Does nothing when it has ended, or when the
   * handle may mean something else by now.
   */
  stopOrphan(handle: ExecutorHandle): Promise<void>
}

export interface ExecutorTask {
  /** Program and arguments, or a line for the shell. */
  readonly command: string | readonly string[]
  readonly directory: string
  /** The whole environment: nothing else is inherited. */
  readonly environment: Readonly<Record<string, string>>
  /** Called with everything that the command prints, as it comes. */
  readonly onOutput: (chunk: Uint8Array) => void
}

interface ExecutorJob {
  /** Kept in the store before the end is awaited, so that a later process can find what runs. */
  readonly handle: ExecutorHandle
  readonly finished: Promise<ExecutorResult>
  /** Asks the command and everything it started to stop, then makes them. Resolves when nothing is left. */
  stop(graceMs: number): Promise<void>
}

export type ExecutorHandle = Readonly<Record<string, string | number>>

export interface ExecutorResult {
  readonly exitCode: number | undefined
  /** Such as `SIGKILL`, when a signal ended it. */
  readonly signal: string | undefined
}
