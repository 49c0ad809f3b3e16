import type { Command, CommandContext } from '#platform/terminal/index'

export const personalCommands: readonly Command[] = [
  {
    name: 'data classify',
    summary: 'Show the classes of the columns, and propose one for columns that look personal',
    description:
      'Looks at the values of at most some thousand rows and at the names of the columns. A column without a class is\n' +
      'shown as it is; `public` says that it may be.',
    arguments: [{ name: 'NAME', summary: 'the dataset, or NAME@VERSION or NAME@TAG', required: true }],
    examples: [
      { line: 'devmlops data classify customers', what: 'The newest version' },
      { line: 'devmlops data classify customers@3 --json', what: 'For a script' },
    ],
    run: showClasses,
  },
]

async function showClasses(context: CommandContext): Promise<void> {
  const { terminal, json } = context
  const { parseReference } = await import('../reference.ts')
  const { personalCalls } = await import('./personal-calls.ts')
  const calls = await context.client(personalCalls)
  const classes = await calls.classify(parseReference(context.arguments.required('NAME')))
  if (json) return terminal.json(classes)
  const { declared, proposed } = classes
  if (declared.length > 0) {
    terminal.table(declared, [
      { title: 'COLUMN', value: ({ column }) => column, shrink: true },
      { title: 'CLASS', value: (column) => column.class },
      { title: 'VALUES', value: ({ mask }) => mask },
      { title: '', value: ({ present }) => (present ? '' : 'no such column') },
    ])
    terminal.print('')
  }
  if (proposed.length === 0) return terminal.print('No column without a class looks personal.')
  terminal.table(proposed, [
    { title: 'COLUMN', value: ({ column }) => column, shrink: true },
    { title: 'PROPOSED', value: (proposal) => proposal.class },
    { title: 'SURE', value: ({ confidence }) => confidence },
    { title: 'WHY', value: ({ why }) => why, shrink: true },
  ])
  terminal.print('\nIn devmlops.yaml, in the dataset, for what you agree with:\n\ncolumns:')
  for (const proposal of proposed) terminal.print(`  ${yamlKey(proposal.column)}: ${proposal.class}`)
}

function yamlKey(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : JSON.stringify(name)
}
