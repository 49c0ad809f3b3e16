import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { fail, messageOf } from '#contract/errors'
import { lowerPriority } from '#platform/background-priority'
import type { Executor, ExecutorResult, ExecutorTask } from '#lifecycle/pipelines/index'
import { handleOf, isGroupAlive, isSameProcess, killGroup } from './process-group.ts'

const drainMs = 500
/** Even a killed process needs a moment to be gone, longer when it waits for a disk. */
const killedMs = 5000
const pollMs = 25

/**
 * Runs a command as a process group of its own on this machine.
 *
 * The group makes it possible to stop everything that the command started. A second, tiny process holds the read end of
 * a pipe whose other end only this process has: when this process dies, however suddenly, the pipe closes and the group
 * is killed. Without that, a `kill -9` here would leave a training run computing for hours.
 */
export function createLocalProcessExecutor(): Executor {
  return {
    name: 'local-process',
    launch: async (task) => {
      const child = await spawned(task)
      const group = child.pid ?? fail('internal', 'A started process has no id.')
      const guard = guardGroup(group)
      let stopping: Promise<void> | undefined
      let isOver = false
      const finished = exitOf(child).then(async (result) => {
        // A shell ends at the first signal; what it started has the same time to tidy up.
        await stopping
        // What the command left running is not part of its result, and would hold its pipes open.
        killGroup(group, 'SIGKILL')
        await drained(child)
        guard.release()
        isOver = true
        return result
      })
      return {
        handle: handleOf(group),
        finished,
        stop: async (graceMs) => {
          // From then on the number of the group may be somebody else's.
          if (isOver) return
          stopping ??= stopGroup(group, graceMs)
          await stopping
          await finished
        },
      }
    },
    stopOrphan: async (handle) => {
      const { pid } = handle
      if (typeof pid !== 'number' || !isSameProcess(handle)) return
      killGroup(pid, 'SIGKILL')
      await groupEnded(pid, killedMs)
    },
  }
}

async function stopGroup(group: number, graceMs: number): Promise<void> {
  killGroup(group, 'SIGTERM')
  await groupEnded(group, graceMs)
  killGroup(group, 'SIGKILL')
  await groupEnded(group, killedMs)
}

async function groupEnded(group: number, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs
  while (isGroupAlive(group) && performance.now() < deadline) await pause(pollMs)
}

function spawned({ command, directory, environment, onOutput }: ExecutorTask): Promise<ChildProcess> {
  const [program, words] =
    typeof command === 'string' ? ['/bin/sh', ['-c', command]] : [command[0] ?? '', command.slice(1)]
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd: directory,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', onOutput)
    child.stderr.on('data', onOutput)
    child.once('spawn', () => {
      if (child.pid !== undefined) lowerPriority(child.pid)
      resolve(child)
    })
    child.once('error', (error) => reject(cannotStart(program, error)))
  })
}

function cannotStart(program: string, error: NodeJS.ErrnoException): unknown {
  try {
    return fail(
      'step_failed',
      error.code === 'ENOENT'
        ? `There is no program "${program}".`
        : `"${program}" cannot be started: ${messageOf(error)}`,
      { hint: 'Install it, or give its path.', cause: error },
    )
  } catch (failure) {
    return failure
  }
}

function exitOf(child: ChildProcess): Promise<ExecutorResult> {
  return new Promise((resolve) => {
    const settle = (code: number | null, signal: NodeJS.Signals | null): void =>
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined })
    if (child.exitCode !== null || child.signalCode !== null) settle(child.exitCode, child.signalCode)
    else child.once('exit', settle)
  })
}

/** Waits for the rest of the output, but not for a process that escaped its group and keeps the pipe. */
function drained(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(limit)
      child.stdout?.destroy()
      child.stderr?.destroy()
      resolve()
    }
    const limit = setTimeout(done, drainMs)
    if (child.stdout?.closed === true && child.stderr?.closed === true) done()
    else child.once('close', done)
  })
}

/** `read` returns when the pipe closes; after an orderly end the guard itself is killed first. (dash knows no `--`.) */
function guardGroup(group: number): { release(): void } {
  const guard = spawn('/bin/sh', ['-c', `read -r _; kill -KILL -${group}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  })
  // Without a guard the group still runs; a later start of this program stops it by its handle.
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  return { release: () => void guard.kill('SIGKILL') }
}
