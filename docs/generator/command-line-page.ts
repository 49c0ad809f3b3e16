import { globalOptions } from '#cli/global-options'
import { commands } from '#composition/commands'
import { errorTable } from '#contract/errors'
import type { Command, OptionDefinition } from '#platform/terminal/command'
import { code, fenced, generatedPage, table } from './markdown.ts'

export function commandLinePage(): string {
  return generatedPage('Command line', [
    'Every command talks to the running server of the project if there is one, and otherwise opens the store itself.',
    'Results go to standard output; progress, warnings and errors go to standard error. With `--json` standard output',
    'holds exactly one JSON document.',
    '',
    ...table(
      ['Command', 'What it does'],
      commands.map(({ name, summary }) => [`[${code(`devmlops ${name}`)}](#${anchorOf(name)})`, summary]),
    ),
    '## Options of every command',
    '',
    ...optionTable(globalOptions),
    '## Exit codes',
    '',
    'The code says what kind of failure it was. [Errors](../errors.md) has each of them.',
    '',
    ...table(['Exit code', 'Errors'], exitCodes()),
    ...commands.flatMap(commandLines),
  ])
}

function commandLines(command: Command): string[] {
  const words = (command.arguments ?? []).map(({ name, required, many }) => {
    const word = many === true ? `${name}…` : name
    return required === true ? word : `[${word}]`
  })
  return [
    `## devmlops ${command.name}`,
    '',
    `${command.summary}.`,
    '',
    ...fenced('text', ['devmlops', command.name, ...words, '[OPTIONS]'].join(' ')),
    ...(command.description === undefined ? [] : [command.description.replaceAll('\n', '  \n'), '']),
    ...table(
      ['Argument', 'Meaning'],
      (command.arguments ?? []).map(({ name, summary }) => [code(name), summary]),
    ),
    ...optionTable(command.options ?? {}),
    ...command.examples.flatMap(({ line, what }) => [`${what}:`, '', ...fenced('sh', line)]),
  ]
}

function optionTable(options: Readonly<Record<string, OptionDefinition>>): string[] {
  return table(
    ['Option', 'Meaning'],
    Object.entries(options).map(([name, { short, type, value, values, summary, multiple }]) => {
      const placeholder =
        type === 'boolean' ? '' : ` ${values?.join('|') ?? value ?? (type === 'number' ? 'N' : 'TEXT')}`
      const written = [...(short === undefined ? [] : [code(`-${short}`)]), code(`--${name}${placeholder}`)]
      return [written.join(', '), multiple === true ? `${summary} (may be repeated)` : summary]
    }),
  )
}

function exitCodes(): string[][] {
  const byExit = Map.groupBy(Object.entries(errorTable), ([, { exit }]) => exit)
  const rows = [...byExit].sort(([left], [right]) => left - right)
  return [
    ['0', 'none'],
    ...rows.map(([exit, entries]) => [String(exit), entries.map(([name]) => code(name)).join(', ')]),
    ['130', 'interrupted with Ctrl-C before it could end by itself'],
  ]
}

function anchorOf(name: string): string {
  return `devmlops-${name.replaceAll(' ', '-')}`
}
