import { errorTable, fail, toProblem } from '#contract/errors'
import type { Client, Contract } from '#contract/endpoint'
import { createTerminal, type Command, type CommandContext, type Terminal } from '#platform/terminal/index'
import { explainSystemError } from '#platform/system-error'
import { findCommand, readCommandLine, unknownCommand, type CommandLine } from './command-line.ts'
import { renderCommandHelp, renderOverview } from './help.ts'

/** Opens what answers a command's calls: a running server, or the store itself. */
export type Connect = (line: CommandLine) => Promise<Connection>

export interface Connection {
  client<C extends Contract>(contract: C): Client<C>
  close(): Promise<void>
}

export interface ProgramOptions {
  readonly commands: readonly Command[]
  readonly version: string
  readonly connect: Connect
  readonly out: NodeJS.WriteStream
  readonly err: NodeJS.WriteStream
  readonly directory: string
  readonly signal: AbortSignal
  /** False: a person asked for plain text. */
  readonly color?: boolean
}

/** Runs one command line and answers its exit code. Every failure ends here, as a sentence and what to do next. */
export async function runCommandLine(words: readonly string[], options: ProgramOptions): Promise<number> {
  const { commands, version, out, err } = options
  const colorless = words.includes('--no-color') || options.color === false
  const plain = createTerminal({ out, err, ...(colorless ? { color: false } : {}) })
  const json = words.includes('--json')
  let answered = false
  const document = (value: unknown): void => {
    answered = true
    plain.json(value)
  }
  // With --json nothing but the document reaches standard output, whatever a command prints besides.
  const terminal: Terminal = json
    ? { ...plain, json: document, print: plain.note, table: () => undefined }
    : { ...plain, json: document }
  try {
    const found = findCommand(commands, words)
    if (found === undefined) return withoutCommand(words, { commands, version, terminal: plain })
    if (words.includes('--help') || words.includes('-h')) {
      plain.print(renderCommandHelp(found.command, plain))
      return 0
    }
    const line = readCommandLine(found.command, found.rest, commands)
    await runCommand(line, { ...options, terminal, json })
    if (json && !answered) plain.json({})
    return 0
  } catch (error) {
    // A command that printed its document and then failed has said what it had to say: two documents are none.
    return reportFailure(explainSystemError(error), { terminal, json: json && !answered })
  }
}

function withoutCommand(
  words: readonly string[],
  { commands, version, terminal }: { commands: readonly Command[]; version: string; terminal: Terminal },
): number {
  const [first] = words
  if (first === '--version') {
    terminal.print(version)
    return 0
  }
  const isOption = first?.startsWith('-') === true
  const group = commands.filter(({ name }) => first !== undefined && name.startsWith(`${first} `))
  const inGroup = words[1] === undefined || words[1].startsWith('-')
  if (first !== undefined && !isOption && (group.length === 0 || !inGroup)) unknownCommand(commands, words)
  if (isOption && !['--help', '-h', '--no-color'].includes(first)) {
    fail('invalid_input', `A command comes before its options, and "${first}" comes first.`, {
      hint: 'For example: devmlops run train --project DIR.',
    })
  }
  terminal.print(renderOverview(group.length === 0 ? commands : group, terminal))
  return 0
}

async function runCommand(
  line: CommandLine,
  { connect, directory, signal, terminal, json }: ProgramOptions & { terminal: Terminal; json: boolean },
): Promise<void> {
  let connection: Promise<Connection> | undefined
  const context: CommandContext = {
    arguments: line.arguments,
    options: line.options,
    terminal,
    json,
    directory,
    signal,
    client: async (contract) => {
      connection ??= connect(line)
      return (await connection).client(contract)
    },
  }
  try {
    await line.command.run(context)
  } finally {
    terminal.clearProgress()
    if (connection !== undefined) await (await connection.catch(() => undefined))?.close()
  }
}

function reportFailure(error: unknown, { terminal, json }: { terminal: Terminal; json: boolean }): number {
  const problem = toProblem(error)
  if (json) terminal.json({ error: problem })
  terminal.note(`${terminal.style('error:', 'red')} ${problem.detail}`)
  if (problem.hint !== undefined) terminal.note(`${terminal.style('  fix:', 'green')} ${problem.hint}`)
  return errorTable[problem.code].exit
}
