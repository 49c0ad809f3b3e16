import type { Command } from '#platform/terminal/index'
import { openTasks } from './open-tasks.ts'

export const gcCommand: Command = {
  name: 'data gc',
  summary: 'Take away old versions that nothing names, and bytes that nothing names',
  description:
    'Shows what would go, and does it with --apply. Without --keep no version goes. The newest version of a dataset\n' +
    'stays, and so does what a tag, a pointer file, a pipeline run, a run or a model names. A removed version keeps its\n' +
    'bytes for --grace: when something turns out to name it, it comes back.',
  options: {
    keep: { type: 'number', value: 'N', summary: 'The newest N versions of each dataset stay' },
    'older-than': { type: 'string', value: 'TIME', summary: 'Only versions older than that, such as 90d' },
    grace: {
      type: 'string',
      value: 'TIME',
      summary: 'How long removed versions keep their bytes, such as 12h or 0 (default: 24h)',
    },
    apply: { type: 'boolean', summary: 'Do it' },
  },
  examples: [
    { line: 'devmlops data gc --keep 10 --older-than 90d', what: 'What would go' },
    { line: 'devmlops data gc --keep 10 --older-than 90d --apply', what: 'Take it away' },
  ],
  run: async (context) => {
    const { calls, finish } = await openTasks(context)
    const { durationOf } = await import('./duration.ts')
    const keep = context.options.number('keep')
    const older = context.options.text('older-than')
    const grace = context.options.text('grace')
    if (older !== undefined && keep === undefined) {
      const { fail } = await import('#contract/errors')
      fail('invalid_input', '--older-than says which versions may go, and --keep how many stay.', {
        hint: 'For example --keep 1 --older-than 90d.',
        at: '--older-than',
      })
    }
    await finish(
      await calls.collect({
        ...(keep !== undefined && { keep }),
        ...(older !== undefined && { olderThanMs: durationOf(older, '--older-than') }),
        ...(grace !== undefined && { graceMs: durationOf(grace, '--grace') }),
        apply: context.options.flag('apply'),
      }),
    )
  },
}
