import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { executable } from '../command.ts'
import { peakMb } from '../tracking/process-tree.ts'

export interface MeasuredCommand {
  readonly seconds: number
  /** The most memory that the command and what it started had at once, in MB. */
  readonly peakMb: number
  readonly output: string
}

/** Runs a command line to its end, as a user does, and fails when it does. */
export async function measuredCommand(directory: string, ...words: string[]): Promise<MeasuredCommand> {
  const startedAt = performance.now()
  const command = spawn(executable, words, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let problem = ''
  command.stdout.on('data', (text: Buffer) => (output += text.toString()))
  command.stderr.on('data', (text: Buffer) => (problem += text.toString()))
  const { peak, result } = await peakMb(command.pid ?? 0, () => once(command, 'close'))
  const seconds = (performance.now() - startedAt) / 1000
  if (result[0] !== 0) throw new Error(`devmlops ${words.join(' ')}: ${problem.trim().slice(-500)}`)
  return { seconds, peakMb: peak, output }
}
