import { runCommandLine } from '#cli/run'
import { commands } from './commands.ts'
import { isColorUnwanted } from '#platform/config'
import { version } from './version.ts'

/** Runs the command line of this process. The first Ctrl-C asks to stop, the second one stops. */
export async function runProgram(words: readonly string[]): Promise<number> {
  const interrupt = new AbortController()
  const stop = (): void => {
    if (interrupt.signal.aborted) process.exit(130)
    interrupt.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  // A reader that closes the pipe early, such as `head`, is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
  })
  // Nobody reads what goes wrong: then nobody has to be told that either.
  process.stderr.on('error', () => undefined)
  const code = await runCommandLine(words, {
    commands,
    version,
    // Loaded with the first call: help and mistakes need neither the project reader nor its schemas.
    connect: async (line) => (await import('./connection.ts')).connect(line),
    out: process.stdout,
    err: process.stderr,
    directory: process.cwd(),
    signal: interrupt.signal,
    color: !isColorUnwanted(),
  })
  return interrupt.signal.aborted && code === 1 ? 130 : code
}
