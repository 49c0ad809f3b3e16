import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '#contract/endpoint'
import { fail, fromProblem, type Problem } from '#contract/errors'
import { formatBytes, formatCount } from '#contract/units'
import type { CommandContext } from '#platform/terminal/index'
import type { DataTask, taskCalls, TaskProgress, TaskResult } from './task-calls.ts'

const firstAskMs = 30
const longestAskMs = 300

/** Waits for a task, shows how far it is, and answers what came of it. Ctrl-C stops the task, too. */
export async function followTask(
  { terminal, signal }: Pick<CommandContext, 'terminal' | 'signal'>,
  started: DataTask,
  calls: Client<typeof taskCalls>,
): Promise<TaskResult> {
  let task = started
  try {
    for (let askMs = firstAskMs; task.state === 'queued' || task.state === 'running'; askMs = next(askMs)) {
      await pause(askMs, undefined, { signal })
      task = await calls.task({ taskId: task.id })
      terminal.progress(lineOf(task))
    }
  } catch (error) {
    if (!signal.aborted) throw error
    await calls.cancelTask({ taskId: task.id })
    fail('cancelled', 'Stopped. What was done stays; run the command again to go on.')
  } finally {
    terminal.clearProgress()
  }
  if (task.result !== null) return task.result
  const problem = task.problem ?? { code: 'internal', detail: `The task was ${task.state}.` }
  throw fromProblem(problem as Partial<Problem>, problem.detail)
}

function next(askMs: number): number {
  return Math.min(longestAskMs, askMs * 1.5)
}

const verbs = { push: 'pushing', pull: 'pulling', verify: 'verifying', collect: 'collecting' } as const

function lineOf({ operation, progress }: DataTask): string {
  return `${verbs[operation]}${placeOf(progress)}${amountOf(progress)}`
}

function placeOf({ dataset, version }: TaskProgress): string {
  return dataset === undefined ? '' : ` ${dataset}@${version}`
}

function amountOf({ blocks, ofBlocks, bytes, ofBytes, versions, files }: TaskProgress): string {
  if (ofBlocks !== undefined) {
    return `: ${blocks ?? 0} of ${ofBlocks} blocks, ${formatBytes(bytes ?? 0)} of ${formatBytes(ofBytes ?? 0)}`
  }
  return versions === undefined ? ' …' : `: ${versions} versions, ${formatCount(files ?? 0)} files`
}
