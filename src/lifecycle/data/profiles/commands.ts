import type { Command } from '#platform/terminal/index'

export const profileCommands: readonly Command[] = [
  {
    name: 'data profile',
    summary: 'Show how the rows of a version are made: texts, keys, correlations, and what surprises',
    description:
      'Text lengths, columns that name a row once, how columns go together, and what a person would want to know first:\n' +
      'numbers and dates kept as text, placeholders such as 99 and NA, codes written as numbers, constant columns.\n' +
      'With --versions, the profile of several versions together, from their profiles: a month as the sum of its days.',
    arguments: [{ name: 'NAME', summary: 'the dataset, or NAME@VERSION', required: true }],
    options: { versions: { type: 'string', value: 'A..B', summary: 'Versions A to B together' } },
    examples: [
      { line: 'devmlops data profile flights', what: 'The newest version' },
      { line: 'devmlops data profile rides --versions 1..31', what: 'A month whose versions are days' },
    ],
    run: async (context) => {
      const { terminal, json, options } = context
      const { parseReference } = await import('../reference.ts')
      const { printProfile } = await import('./print-profile.ts')
      const { name, version } = parseReference(context.arguments.required('NAME'))
      const range = options.text('versions')
      if (range === undefined) {
        const { dataContract } = await import('../contract.ts')
        const profile = await (await context.client(dataContract)).profile({ name, version })
        return json ? terminal.json(profile) : printProfile(terminal, profile)
      }
      const [, from, to] = /^(\d+)\.\.(\d+)$/.exec(range) ?? []
      if (from === undefined || to === undefined) {
        const { fail } = await import('#contract/errors')
        return fail('invalid_input', `"${range}" is no range of versions.`, { hint: 'Write it as 1..31.' })
      }
      const { profileCalls } = await import('./profile-calls.ts')
      const client = await context.client(profileCalls)
      const sum = await client.profileSum({ name, from: Number(from), to: Number(to) })
      if (json) return terminal.json(sum)
      terminal.print(`versions ${sum.versions.join(', ')} together`)
      printProfile(terminal, sum.profile)
    },
  },
]
