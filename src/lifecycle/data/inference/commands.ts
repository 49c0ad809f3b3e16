import type { Command, CommandContext } from '#platform/terminal/index'

export const inferenceCommands: readonly Command[] = [
  {
    name: 'data infer',
    summary: 'Propose expectations from a version, or changes of them from what does not meet them',
    description:
      'Proposes types, presence, domains, ranges, uniqueness, freshness and row counts that rows like these meet, each\n' +
      'with its reason. Printed to be read; --write puts them into devmlops.yaml after showing the change.\n' +
      '--fix looks at what would be taken in (or at the newest version) and proposes the corrected suite as a diff.',
    arguments: [
      { name: 'NAME', summary: 'the dataset, or NAME@VERSION', required: true },
      { name: 'FILES', summary: 'with --fix: files to look at instead of the source', many: true },
    ],
    options: {
      write: { type: 'boolean', summary: 'Change devmlops.yaml' },
      fix: { type: 'boolean', summary: 'Correct the suite that is there, instead of proposing one' },
    },
    examples: [
      { line: 'devmlops data infer flights', what: 'A suite for the newest version, to read and paste' },
      { line: 'devmlops data infer flights@1 --write', what: 'From version 1, into devmlops.yaml' },
      { line: 'devmlops data infer flights --fix', what: 'What would have to change for the newest arrival' },
    ],
    run: async (context) => (context.options.flag('fix') ? fix(context) : propose(context)),
  },
]

async function propose(context: CommandContext): Promise<void> {
  const { terminal, json, options } = context
  const { parseReference } = await import('../reference.ts')
  const { inferenceCalls } = await import('./inference-calls.ts')
  const { name, version } = parseReference(context.arguments.required('NAME'))
  const suite = await (await context.client(inferenceCalls)).inferSuite({ name, version })
  const { proposalsText, requireDescribed, withProposals } = await import('./suite-text.ts')
  if (json && !options.flag('write')) return terminal.json(suite)
  if (options.flag('write')) {
    const change = (text: string): string => {
      requireDescribed(text, name)
      return withProposals(text, name, suite.proposals)
    }
    const { changeProject } = await import('./change-project.ts')
    await changeProject(context, change)
    return json ? terminal.json(suite) : undefined
  }
  const { formatCount } = await import('#contract/units')
  terminal.note(
    `From ${name}@${suite.version}, ${formatCount(suite.rows)} rows. To be read by a person; --write adds them.`,
  )
  terminal.print(proposalsText(suite.proposals))
  for (const note of suite.notes) terminal.note(`not proposed: ${note}`)
}

async function fix(context: CommandContext): Promise<void> {
  const { terminal, json } = context
  const { resolve } = await import('node:path')
  const { inferenceCalls } = await import('./inference-calls.ts')
  const paths = context.arguments.many('FILES').map((path) => resolve(context.directory, path))
  const name = context.arguments.required('NAME')
  const client = await context.client(inferenceCalls)
  const found = await client.correctSuite({ name, ...(paths.length === 0 ? {} : { paths }) })
  if (json) terminal.json(found)
  else {
    for (const { paths: names, outcome, corrections, left } of found.arrivals) {
      const mark = outcome === 'pass' ? terminal.style('✓', 'green') : terminal.style('!', 'yellow')
      terminal.print(`${mark} ${names.join(', ')}: ${outcome === 'pass' ? 'meets the suite' : outcome}`)
      for (const { expected, evidence, advice } of corrections) {
        terminal.print(`  ${expected}`)
        terminal.print(`    ${evidence}: ${advice}`)
      }
      for (const one of left) terminal.print(`  ${one}`)
    }
  }
  if (found.arrivals.every(({ corrections }) => corrections.length === 0)) return
  const { withCorrections } = await import('./suite-text.ts')
  const change = (text: string): string => withCorrections(text, found)
  const { changeProject, diffOf } = await import('./change-project.ts')
  if (context.options.flag('write')) return changeProject(context, change)
  if (json) return
  terminal.print('')
  terminal.print((await diffOf(context, change)).diff)
  terminal.note('Nothing was changed. --write changes devmlops.yaml.')
}
