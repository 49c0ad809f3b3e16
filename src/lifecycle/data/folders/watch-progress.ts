import type { CommandContext } from '#platform/terminal/index'
import { formatBytes, formatCount } from '#contract/units'
import { workspaceCalls } from './workspace-calls.ts'

const intervalMs = 500
const words = { add: 'adding', checkout: 'checking out', export: 'exporting' } as const

/** Does the work, and shows a person how far it is. */
export async function watchProgress<T>(
  { client, terminal }: CommandContext,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  if (!terminal.interactive) return work()
  const { progress } = await client(workspaceCalls)
  const show = async (): Promise<void> => {
    // A look that fails says nothing about the work.
    const { current } = await progress({ name }).catch(() => ({ current: null }))
    if (current === null) return
    terminal.progress(
      `${words[current.work]} ${name}: ${formatCount(current.files)} files, ${formatBytes(current.bytes)}`,
    )
  }
  const timer = setInterval(() => void show(), intervalMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    terminal.clearProgress()
  }
}
