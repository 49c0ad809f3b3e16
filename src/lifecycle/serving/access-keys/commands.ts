import type { Command, CommandContext } from '#platform/terminal/index'
import type { KeyView } from './contract.ts'

async function client({ client: open }: CommandContext) {
  const { accessKeysContract } = await import('./contract.ts')
  return open(accessKeysContract)
}

export const accessKeyCommands: readonly Command[] = [
  {
    name: 'keys create',
    summary: 'Make a key that callers of endpoints present; shown once',
    arguments: [{ name: 'NAME', summary: 'who has it, for the log and the metrics', required: true }],
    options: {
      deployment: {
        type: 'string',
        value: 'NAME',
        multiple: true,
        summary: 'A deployment it may ask; can be given again (default: all)',
      },
      scope: {
        type: 'string',
        multiple: true,
        values: ['predict', 'explain', 'metrics', 'admin'],
        summary: 'What it may do; can be given again (default: predict and explain)',
      },
      rate: { type: 'string', value: 'N/UNIT', summary: 'Requests it may make, such as 100/s or 5000/h' },
      concurrency: { type: 'number', summary: 'Requests it may have under way at the same time' },
      expires: { type: 'string', value: 'TIME', summary: 'For how long it holds, such as 90d' },
      signing: { type: 'boolean', summary: 'Let requests be signed with it' },
    },
    examples: [
      { line: 'devmlops keys create web-shop --rate 100/s --expires 90d', what: 'A key for all endpoints' },
      {
        line: 'devmlops keys create prometheus --scope metrics',
        what: 'A key that reads figures and predicts nothing',
      },
    ],
    run: async (context) => {
      const { options, terminal } = context
      const { keyLimits } = await import('./key-limits.ts')
      const { key, secret } = await (
        await client(context)
      ).create({
        name: context.arguments.required('NAME'),
        ...keyLimits(
          {
            rate: options.text('rate'),
            expires: options.text('expires'),
            scopes: options.list('scope'),
            deployments: options.list('deployment'),
            concurrency: options.number('concurrency'),
          },
          Date.now(),
        ),
        signing: options.flag('signing'),
      })
      if (context.json) return terminal.json({ ...key, secret })
      terminal.print(secret)
      terminal.print(
        terminal.style('It is not kept: store it now. Callers send "Authorization: Bearer <key>".', 'yellow'),
      )
    },
  },
  {
    name: 'keys list',
    summary: 'List the keys for endpoints, without their secrets',
    options: { all: { type: 'boolean', summary: 'Also those that were revoked or have expired' } },
    examples: [{ line: 'devmlops keys list', what: 'All keys that may be used' }],
    run: async (context) => {
      const { items } = await (await client(context)).list({})
      const now = Date.now()
      const shown = context.options.flag('all')
        ? items
        : items.filter((key) => stateOf(key, now) === 'active')
      if (context.json) return context.terminal.json(shown)
      if (shown.length === 0) return context.terminal.print('No keys. `devmlops keys create NAME` makes one.')
      context.terminal.table(shown, [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'KEY', value: ({ id }) => `dk_${id}_…` },
        { title: 'MAY', value: ({ scopes }) => scopes.join(', ') },
        { title: 'ENDPOINTS', value: ({ deployments }) => deployments?.join(', ') ?? 'all', shrink: true },
        { title: 'EXPIRES', value: ({ expiresAt }) => (expiresAt === undefined ? '–' : day(expiresAt)) },
        { title: 'STATE', value: (key) => stateOf(key, now) },
      ])
    },
  },
  {
    name: 'keys revoke',
    summary: 'Take a key back: its next request is refused',
    arguments: [{ name: 'KEY', summary: 'its name, or the id in `keys list`', required: true }],
    examples: [{ line: 'devmlops keys revoke web-shop', what: 'The web shop is refused from now on' }],
    run: async (context) => {
      const key = await (await client(context)).revoke({ key: context.arguments.required('KEY') })
      if (context.json) return context.terminal.json(key)
      context.terminal.print(`The key "${key.name}" (dk_${key.id}_…) is refused from now on.`)
    },
  },
]

function stateOf({ expiresAt, revokedAt }: KeyView, now: number): 'active' | 'revoked' | 'expired' {
  if (revokedAt !== undefined) return 'revoked'
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'active'
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
