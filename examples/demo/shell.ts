import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { styleText } from 'node:util'

const root = join(import.meta.dirname, '..', '..')
export const program = join(root, 'bin', 'devmlops')
export const projectDirectory = join(root, '.demo', 'flight-delays')

/** Colours only where a person looks. */
export function style(format: Parameters<typeof styleText>[0], text: string): string {
  return process.stdout.isTTY ? styleText(format, text) : text
}

export function say(text = ''): void {
  process.stdout.write(`${text}\n`)
}

export interface CommandResult {
  readonly code: number
  readonly output: string
}

interface RunOptions {
  /** The exit code that the story expects. */
  readonly expect?: number
  /** Do not show what it prints. */
  readonly quiet?: boolean
}

/** Runs a command as a user would type it, in the project's folder, and shows it with what it prints. */
export async function devmlops(
  words: readonly string[],
  { expect = 0, quiet = false }: RunOptions = {},
): Promise<CommandResult> {
  if (!quiet) say(`\n${style('dim', '$')} ${style('bold', `devmlops ${words.map(quoted).join(' ')}`)}`)
  const child = spawn(program, words, {
    cwd: projectDirectory,
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
  })
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve(status ?? 1))
  })
  if (code !== expect) throw new Error(`devmlops ${words.join(' ')} ended with ${code}\n${output}`)
  return { code, output }
}

/** The document that a command prints with `--json`. */
export async function ask<Answer>(words: readonly string[]): Promise<Answer> {
  const child = spawn(program, [...words, '--json'], {
    cwd: projectDirectory,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? 1)))
  if (code !== 0) throw new Error(`devmlops ${words.join(' ')} ended with ${code}: ${output}`)
  return JSON.parse(output) as Answer
}

function quoted(word: string): string {
  return /^[\w@=./:,-]+$/.test(word) ? word : `'${word}'`
}
