import type { CommandContext } from '#platform/terminal/index'
import type { DataTask } from './task-calls.ts'

/** The calls that start a task, and what brings one to its end on the terminal. */
export async function openTasks(context: CommandContext) {
  const { taskCalls } = await import('./task-calls.ts')
  const { followTask } = await import('./follow-task.ts')
  const { damageHint, damageOf, printResult } = await import('./print-result.ts')
  const { fail } = await import('#contract/errors')
  const calls = await context.client(taskCalls)
  return {
    calls,
    finish: async (started: DataTask): Promise<void> => {
      const result = await followTask(context, started, calls)
      const damage = damageOf(result)
      // One document: the error says what is damaged.
      if (!context.json) printResult(context.terminal, result)
      else if (damage === undefined) context.terminal.json(result)
      if (damage !== undefined) fail('storage_corrupt', damage, { hint: damageHint })
    },
  }
}
