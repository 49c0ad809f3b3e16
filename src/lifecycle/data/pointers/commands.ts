import type { Command, CommandContext } from '#platform/terminal/index'

export const gitCommands: readonly Command[] = [
  {
    name: 'git install',
    summary: 'Install Git hooks that keep data and code together',
    description:
      'post-checkout brings each folder to the version of its pointer file; pre-commit refuses a commit whose working\n' +
      'data differ from the pointer files. A hook that is there already is never overwritten.',
    examples: [{ line: 'devmlops git install', what: 'Once in each clone' }],
    run: install,
  },
  {
    name: 'git check',
    summary: 'Check that pointer files, versions and code belong together, as for CI',
    description:
      'Every dataset has a pointer file; its version is in the store or on the remote with that digest; the commit that\n' +
      'the version was made with is in the history of this one. Ends with exit code 5 and a list otherwise.',
    options: {
      working: { type: 'boolean', summary: 'Also refuse working files that differ from the pointers' },
    },
    examples: [
      { line: 'devmlops git check', what: 'For a build in CI' },
      { line: 'devmlops git check --working', what: 'What the pre-commit hook does' },
    ],
    run: check,
  },
]

/** On this machine and not through a server: the hooks are of the work tree that the person is in. */
async function install({ directory, options, terminal, json }: CommandContext): Promise<void> {
  const { dirname } = await import('node:path')
  const { findProject } = await import('../../project/index.ts')
  const { installHooks } = await import('./install-hooks.ts')
  const installed = await installHooks(dirname(await findProject(options.text('project') ?? directory)))
  if (json) terminal.json(installed)
  for (const { name, path, state } of installed) {
    if (state === 'foreign') {
      terminal.warn(`${path} is there already and was left alone. To use both, add this line to it:`)
      const line =
        name === 'pre-commit'
          ? 'devmlops git check --working || exit 1'
          : '[ "$3" = 1 ] && devmlops data checkout'
      terminal.note(`  ${line}`)
    } else terminal.print(`${name}: ${state === 'written' ? 'installed' : 'is there already'} (${path})`)
  }
}

async function check(context: CommandContext): Promise<void> {
  const { terminal, json } = context
  const { gitCalls } = await import('./git-calls.ts')
  const data = await context.client(gitCalls)
  const { checked, findings, notes } = await data.checkPointers({ working: context.options.flag('working') })
  if (json) terminal.json({ checked, findings, notes })
  for (const note of notes) terminal.print(`${terminal.style('!', 'yellow')} ${note}`)
  for (const { dataset, problem, hint } of findings) {
    terminal.print(`${terminal.style('✗', 'red')} ${dataset}: ${problem}`)
    terminal.print(terminal.style(`  ${hint}`, 'dim'))
  }
  if (findings.length === 0) {
    return terminal.print(
      `${terminal.style('✓', 'green')} ${checked.length} pointer files and the code belong together.`,
    )
  }
  const { fail } = await import('#contract/errors')
  const [first] = findings
  fail(
    'conflict',
    `Data and code do not belong together: ${findings.length} finding${findings.length === 1 ? '' : 's'}.`,
    {
      ...(first !== undefined && { hint: first.hint }),
    },
  )
}
