import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import type { OptionDefinition } from '#platform/terminal/command'
import type { Command, CommandContext } from '#platform/terminal/index'
import { globalOptions } from './global-options.ts'

export interface CommandLine {
  readonly command: Command
  readonly arguments: CommandContext['arguments']
  readonly options: CommandContext['options']
}

/** The longest run of leading words that names a command, and what follows it. */
export function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): { command: Command; rest: string[] } | undefined {
  for (let length = Math.min(3, words.length); length > 0; length--) {
    const name = words.slice(0, length).join(' ')
    const command = commands.find((candidate) => candidate.name === name)
    if (command !== undefined) return { command, rest: words.slice(length) }
  }
  return undefined
}

export function unknownCommand(commands: readonly Command[], words: readonly string[]): never {
  const typed = words.slice(0, 2).join(' ')
  const meant =
    nearestName(
      typed,
      commands.map(({ name }) => name),
    ) ??
    nearestName(
      words[0] ?? '',
      commands.map(({ name }) => name),
    )
  return fail('invalid_input', `There is no command "${typed}".`, {
    hint: meant === undefined ? 'See `devmlops --help`.' : `Did you mean \`devmlops ${meant}\`?`,
  })
}

/** Reads what follows a command's name. Every mistake says which word is wrong and what would be right. */
export function readCommandLine(
  command: Command,
  words: readonly string[],
  commands: readonly Command[] = [],
): CommandLine {
  const definitions = { ...globalOptions, ...command.options }
  const config: ParseArgsOptionsConfig = Object.fromEntries(
    Object.entries(definitions).map(([name, { type, short, multiple }]) => [
      name,
      {
        type: type === 'boolean' ? 'boolean' : 'string',
        ...(short === undefined ? {} : { short }),
        ...(multiple === true ? { multiple } : {}),
      },
    ]),
  )
  const parsed = parse(command, words, config)
  const values = parsed.values as Record<string, string | boolean | (string | boolean)[] | undefined>
  for (const [name, definition] of Object.entries(definitions)) {
    for (const value of [values[name] ?? []].flat())
      if (typeof value === 'string') checkValue(name, definition, value)
  }
  return {
    command,
    arguments: readArguments(command, parsed.positionals, commands),
    options: {
      text: (name) => stringOf(values[name]),
      number: (name) => (typeof values[name] === 'string' ? Number(values[name]) : undefined),
      flag: (name) => values[name] === true,
      list: (name) => {
        const value = values[name]
        if (Array.isArray(value)) return value.map(String)
        return typeof value === 'string' ? [value] : []
      },
    },
  }
}

function checkValue(name: string, { type, values: allowed }: OptionDefinition, value: string): void {
  if (type === 'number' && (value.trim() === '' || !Number.isFinite(Number(value)))) {
    fail('invalid_input', `--${name} takes a number, not "${value}".`, { at: `--${name}` })
  }
  if (allowed === undefined || allowed.includes(value)) return
  const meant = nearestName(value, allowed)
  fail('invalid_input', `--${name} is one of ${allowed.join(', ')}, not "${value}".`, {
    at: `--${name}`,
    ...(meant === undefined ? {} : { hint: `Did you mean ${meant}?` }),
  })
}

function parse(command: Command, words: readonly string[], config: ParseArgsOptionsConfig) {
  try {
    return parseArgs({ args: [...words], options: config, allowPositionals: true, strict: true })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const unknown = /Unknown option '(-[^']*)'/.exec(message)?.[1]
    if (unknown === undefined) {
      const ambiguous = /option argument for '(--?[\w-]+)'/.exec(message)?.[1]
      const dash =
        ambiguous === undefined ? '' : `A value that starts with a dash is written ${ambiguous}=-…. `
      return fail('invalid_input', `${message.split(/[.\n]/)[0]}.`, { hint: `${dash}${helpHint(command)}` })
    }
    const meant = nearestName(unknown.replace(/^-+/, ''), Object.keys(config))
    return fail('invalid_input', `\`devmlops ${command.name}\` has no option ${unknown}.`, {
      hint: meant === undefined ? helpHint(command) : `Did you mean --${meant}?`,
    })
  }
}

function readArguments(
  command: Command,
  words: readonly string[],
  commands: readonly Command[],
): CommandContext['arguments'] {
  const definitions = command.arguments ?? []
  const last = definitions.at(-1)
  if (words.length > definitions.length && last?.many !== true) {
    // `runs` is a command, and so is `runs show`: what follows may be a slip of the second word.
    const typed = `${command.name} ${words[0]}`
    const others = commands.filter(({ name }) => name.startsWith(`${command.name} `)).map(({ name }) => name)
    const meant = definitions.length === 0 ? nearestName(typed, others) : undefined
    fail(
      'invalid_input',
      `"${words[definitions.length]}" is one word too many for \`devmlops ${command.name}\`.`,
      {
        hint: meant === undefined ? helpHint(command) : `Did you mean \`devmlops ${meant}\`?`,
      },
    )
  }
  for (const [index, definition] of definitions.entries()) {
    if (definition.required === true && words[index] === undefined) {
      fail('invalid_input', `\`devmlops ${command.name}\` needs ${definition.name}: ${definition.summary}.`, {
        hint: helpHint(command),
      })
    }
  }
  const at = (name: string): number => definitions.findIndex((definition) => definition.name === name)
  return {
    optional: (name) => words[at(name)],
    required: (name) => words[at(name)] ?? fail('internal', `The command has no argument ${name}.`),
    many: (name) => (at(name) === -1 ? [] : words.slice(at(name))),
  }
}

function helpHint(command: Command): string {
  return `See \`devmlops ${command.name} --help\`.`
}

function stringOf(value: string | boolean | (string | boolean)[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
