import type { Command, CommandContext } from '#platform/terminal/index'

async function client({ client: open }: CommandContext) {
  const { webhookContract } = await import('./contract.ts')
  return open(webhookContract)
}

/** By its id, or its name where only one has it. */
async function findWebhook(context: CommandContext) {
  const named = context.arguments.required('WEBHOOK')
  const { items } = await (await client(context)).listWebhooks({ limit: 1000 })
  const found = items.filter(({ id, name }) => id === named || name === named)
  const [webhook, other] = found
  if (webhook !== undefined && other === undefined) return webhook
  const { fail } = await import('#contract/errors')
  return other === undefined
    ? fail('not_found', `There is no webhook "${named}".`, { hint: 'See `devmlops webhooks list`.' })
    : fail('invalid_input', `${found.length} webhooks are named "${named}".`, { hint: 'Give the id of one.' })
}

const webhookArgument = { name: 'WEBHOOK', summary: 'its name or id', required: true } as const

export const webhookCommands: readonly Command[] = [
  {
    name: 'webhooks list',
    summary: 'List who is told what happens to models',
    examples: [{ line: 'devmlops webhooks list', what: 'Names, addresses and events' }],
    run: async (context) => {
      const { terminal, json } = context
      const { items } = await (await client(context)).listWebhooks({ limit: 1000 })
      if (json) return terminal.json(items)
      if (items.length === 0) return terminal.print('No webhooks yet. `devmlops webhooks add` adds one.')
      terminal.table(items, [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'STATUS', value: ({ status }) => status.toLowerCase() },
        { title: 'URL', value: ({ url }) => url, shrink: true },
        {
          title: 'EVENTS',
          value: ({ events }) => events.map(({ entity, action }) => `${entity}.${action}`).join(' '),
          shrink: true,
        },
        { title: 'ID', value: ({ id }) => id },
      ])
    },
  },
  {
    name: 'webhooks add',
    summary: 'Have an address told what happens to models',
    description:
      'Posts JSON in the form of MLflow, again until it is taken or an hour has passed. With a secret, the header\n' +
      'X-MLflow-Signature proves where it comes from. The secret is read from the variable that --secret-from names.',
    arguments: [
      { name: 'NAME', summary: 'what to call it', required: true },
      { name: 'URL', summary: 'a public https:// address', required: true },
    ],
    options: {
      event: {
        type: 'string',
        value: 'EVENT',
        multiple: true,
        summary: 'What to tell (default: model_version.created model_version_alias.created)',
      },
      'secret-from': { type: 'string', value: 'VARIABLE', summary: 'The variable that holds the secret' },
    },
    examples: [
      {
        line: 'devmlops webhooks add ci https://ci.example.com/hook --event model_version_alias.created',
        what: 'Tells when an alias was set',
      },
    ],
    run: async (context) => {
      const { arguments: words, options, terminal, json } = context
      const variable = options.text('secret-from')
      const { environmentVariable } = await import('#platform/config')
      const secret = variable === undefined ? undefined : environmentVariable(variable)
      if (variable !== undefined && (secret === undefined || secret === '')) {
        const { fail } = await import('#contract/errors')
        fail('invalid_input', `The variable ${variable} holds no secret.`, { at: '--secret-from' })
      }
      const chosen = options.list('event')
      const events = chosen.length === 0 ? ['model_version.created', 'model_version_alias.created'] : chosen
      const added = await (
        await client(context)
      ).addWebhook({
        name: words.required('NAME'),
        url: words.required('URL'),
        events: events.map((event) => {
          const [entity = '', action = ''] = event.split('.')
          return { entity, action }
        }),
        secret,
      })
      if (json) return terminal.json(added)
      terminal.print(`${terminal.style('✓', 'green')} ${added.name} is told ${events.join(', ')}`)
      terminal.print(`  try it: devmlops webhooks test ${added.name}`)
    },
  },
  {
    name: 'webhooks remove',
    summary: 'Tell a webhook nothing any more',
    arguments: [webhookArgument],
    examples: [{ line: 'devmlops webhooks remove ci', what: 'What waited for it is not sent either' }],
    run: async (context) => {
      const { id, name } = await findWebhook(context)
      await (await client(context)).removeWebhook({ id })
      if (context.json) return context.terminal.json({ removed: id })
      context.terminal.print(`${context.terminal.style('✓', 'green')} ${name} is removed`)
    },
  },
  {
    name: 'webhooks test',
    summary: 'Send a made-up event to a webhook, and show what comes back',
    arguments: [webhookArgument],
    examples: [{ line: 'devmlops webhooks test ci', what: 'The status and the beginning of the answer' }],
    run: async (context) => {
      const { terminal, json } = context
      const { id, name } = await findWebhook(context)
      const { success, status, body, error } = await (await client(context)).testWebhook({ id })
      if (json) return terminal.json({ success, status, body, error })
      if (!success) {
        const { fail } = await import('#contract/errors')
        fail('server_unreachable', error ?? `${name} answered ${status}: ${body ?? ''}`)
      }
      terminal.print(`${terminal.style('✓', 'green')} ${name} answered ${status}`)
      if (body !== undefined && body !== '') terminal.print(body.slice(0, 500))
    },
  },
]
