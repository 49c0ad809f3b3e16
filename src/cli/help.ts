import type { Command, Terminal } from '#platform/terminal/index'
import type { OptionDefinition } from '#platform/terminal/command'
import { globalOptions } from './global-options.ts'

/** `devmlops --help`: the loop in order, a line each. */
export function renderOverview(commands: readonly Command[], { style }: Pick<Terminal, 'style'>): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    `${style('devmlops', 'bold')} – from raw data to a monitored model in production, and back round again`,
    '',
    `${style('Usage', 'bold')}  devmlops COMMAND [ARGUMENTS] [OPTIONS]`,
    '',
    style('Commands', 'bold'),
    ...commands.map(({ name, summary }) => `  ${style(name.padEnd(width), 'cyan')}  ${summary}`),
    '',
    style('Options of every command', 'bold'),
    ...optionLines(globalOptions),
    '',
    'A first project:  devmlops init my-project --example flight-delays',
    'More of a command:  devmlops COMMAND --help',
    'This version:       devmlops --version',
  ].join('\n')
}

export function renderCommandHelp(command: Command, { style }: Pick<Terminal, 'style'>): string {
  const words = (command.arguments ?? []).map(({ name, required, many }) => {
    const word = many === true ? `${name}…` : name
    return required === true ? word : `[${word}]`
  })
  const lines = [
    `${style(`devmlops ${command.name}`, 'bold')} – ${command.summary}`,
    '',
    `${style('Usage', 'bold')}  ${['devmlops', command.name, ...words, '[OPTIONS]'].join(' ')}`,
  ]
  if (command.description !== undefined) lines.push('', command.description)
  if (command.arguments !== undefined && command.arguments.length > 0) {
    const width = Math.max(...command.arguments.map(({ name }) => name.length))
    lines.push(
      '',
      style('Arguments', 'bold'),
      ...command.arguments.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    )
  }
  lines.push('', style('Options', 'bold'), ...optionLines({ ...command.options, ...globalOptions }))
  const examples = command.examples.flatMap(({ line, what }) => [`  ${style(line, 'cyan')}`, `      ${what}`])
  if (examples.length > 0) lines.push('', style('Examples', 'bold'), ...examples)
  return lines.join('\n')
}

function optionLines(options: Readonly<Record<string, OptionDefinition>>): string[] {
  const rows = Object.entries(options).map(([name, { short, type, value, values, summary }]) => {
    const placeholder =
      type === 'boolean' ? '' : ` ${values?.join('|') ?? value ?? (type === 'number' ? 'N' : 'TEXT')}`
    return [`${short === undefined ? '    ' : `-${short}, `}--${name}${placeholder}`, summary] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, summary]) => `  ${left.padEnd(width)}  ${summary}`)
}
