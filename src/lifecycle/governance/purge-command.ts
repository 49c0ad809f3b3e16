import { setTimeout as pause } from 'node:timers/promises'
import { fail } from '#contract/errors'
import type { Command, CommandContext } from '#platform/terminal/index'
import type { Purge } from './contract.ts'

const askEveryMs = 300
const defaultAge = '30d'

export const purgeCommand: Command = {
  name: 'purge',
  summary: 'Delete for good what was deleted, and reclaim its storage',
  description:
    'Shows what would go, and deletes with --yes. Runs, experiments and logged models that were deleted within the\n' +
    'time of --older-than stay and can be restored. Names of purged experiments are free again. Bytes that nothing\n' +
    'names any more are removed, unless they were stored within that time, and at least an hour.',
  options: {
    yes: { type: 'boolean', summary: 'Do it' },
    'older-than': {
      type: 'string',
      value: 'TIME',
      summary: `Only what was deleted longer ago, such as 90d, 12h or 0 (default: ${defaultAge})`,
    },
    compact: {
      type: 'boolean',
      summary: 'Then rewrite the database file to its smallest; nobody can use it meanwhile',
    },
  },
  examples: [
    { line: 'devmlops purge', what: 'What would go' },
    { line: 'devmlops purge --older-than 7d --yes', what: 'Gone: what was deleted more than a week ago' },
  ],
  run: async (context) => {
    const { options, terminal, json } = context
    const { governanceContract } = await import('./contract.ts')
    const governance = await context.client(governanceContract)
    const started = await governance.startPurge({
      olderThanMs: durationOf(options.text('older-than') ?? defaultAge),
      dryRun: !options.flag('yes'),
      compact: options.flag('compact'),
    })
    const ended = await follow(context, started, (purgeId) => governance.getPurge({ purgeId }))
    if (json) terminal.json(ended)
    else {
      const { printPurge } = await import('./purge-view.ts')
      printPurge(terminal, ended)
    }
    if (ended.state === 'succeeded') return
    fail('conflict', ended.error ?? `The purge was ${ended.state}.`, {
      hint: 'Run the same command again: it goes on where it was.',
    })
  },
}

async function follow(
  { terminal, signal }: CommandContext,
  started: Purge,
  ask: (id: string) => Promise<Purge>,
): Promise<Purge> {
  let current = started
  while (current.state === 'queued' || current.state === 'running') {
    await pause(askEveryMs, undefined, { signal })
    current = await ask(started.id)
    terminal.progress(`${current.rows.runs} runs`)
  }
  terminal.clearProgress()
  return current
}

const units: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** `30d`, `12h`, or `0`. */
export function durationOf(text: string): number {
  if (text === '0') return 0
  const [, amount, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  if (amount !== undefined && unit !== undefined) return Number(amount) * (units[unit] ?? 0)
  return fail('invalid_input', `--older-than takes a time such as 30d, 12h or 0, not "${text}".`, {
    at: '--older-than',
  })
}
