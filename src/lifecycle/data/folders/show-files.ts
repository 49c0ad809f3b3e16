import { formatBytes, formatCount } from '#contract/units'
import type { CommandContext } from '#platform/terminal/index'
import type { DatasetReference } from '../reference.ts'
import { workspaceCalls } from './workspace-calls.ts'

const pageSize = 10_000

/** `devmlops data show NAME --files`: page by page, so that a version of any size can be listed. */
export async function showFiles(context: CommandContext, { name, version }: DatasetReference): Promise<void> {
  const { files } = await context.client(workspaceCalls)
  const prefix = context.options.text('prefix') ?? ''
  const most = context.options.number('limit') ?? (context.json ? Infinity : 100)
  const items: Awaited<ReturnType<typeof files>>['items'] = []
  let next: string | undefined
  do {
    const limit = Math.min(pageSize, most - items.length)
    const page = await files({ name, version, prefix, limit, ...(next !== undefined && { after: next }) })
    items.push(...page.items)
    next = page.next
  } while (next !== undefined && items.length < most)
  if (context.json) return context.terminal.json(items)
  if (items.length === 0) return context.terminal.print('No files.')
  context.terminal.table(items, [
    { title: 'FILE', value: ({ path }) => path },
    { title: 'SIZE', value: ({ sizeBytes }) => formatBytes(sizeBytes), align: 'right' },
    { title: 'DIGEST', value: ({ digest }) => digest.slice('sha256:'.length, 19) },
  ])
  if (next !== undefined)
    context.terminal.print(`The first ${formatCount(items.length)}; --limit shows more.`)
}
