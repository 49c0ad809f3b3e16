import type { Client, Contract } from '#contract/endpoint'
import type { Terminal } from './terminal.ts'

export interface ArgumentDefinition {
  readonly name: string
  readonly summary: string
  readonly required?: boolean
  /** Takes all that is left; only for the last argument. */
  readonly many?: boolean
}

export interface OptionDefinition {
  readonly type: 'string' | 'boolean' | 'number'
  readonly summary: string
  readonly short?: string
  /** The placeholder in help, such as `PATH`. */
  readonly value?: string
  readonly values?: readonly string[]
  readonly multiple?: boolean
}

/**
 * One command of the command line, as data. A stage declares its commands in `commands.ts`; that file is read at every
 * start for the help, so it imports contracts and everything heavy inside `run`, with `await import(…)`.
 */
export interface Command {
  /** The words that call it, such as `data list`. */
  readonly name: string
  readonly summary: string
  readonly description?: string
  readonly arguments?: readonly ArgumentDefinition[]
  readonly options?: Readonly<Record<string, OptionDefinition>>
  readonly examples: readonly { readonly line: string; readonly what: string }[]
  run(context: CommandContext): Promise<void>
}

export interface CommandContext {
  readonly arguments: CommandArguments
  readonly options: CommandOptions
  readonly terminal: Terminal
  /** True with `--json`: exactly one document on standard output, nothing else. */
  readonly json: boolean
  /** The folder the command was called in. */
  readonly directory: string
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** A client of the running server, or of the store itself when there is none. */
  client<C extends Contract>(contract: C): Promise<Client<C>>
}

export interface CommandArguments {
  /** The value of a required argument. */
  required(name: string): string
  optional(name: string): string | undefined
  many(name: string): readonly string[]
}

export interface CommandOptions {
  text(name: string): string | undefined
  number(name: string): number | undefined
  flag(name: string): boolean
  list(name: string): readonly string[]
}
