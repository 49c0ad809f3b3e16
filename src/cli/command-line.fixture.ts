import { createClient } from '#contract/client'
import { localCaller } from '#platform/access/access'
import { createDispatch, localTransport } from '#platform/dispatch'
import type { Platform, Stage } from '#platform/platform'
import type { Command } from '#platform/terminal/index'
import { runCommandLine } from './run.ts'

export interface CommandResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

interface FixtureOptions {
  readonly commands: readonly Command[]
  readonly stages: readonly Stage[]
  readonly platform: Platform
}

/** Runs command lines as the program does, against stages in this process; answers what was printed. */
export function fixtureCommandLine({ commands, stages, platform }: FixtureOptions) {
  const dispatch = createDispatch(platform)
  const routes = stages.flatMap((stage) => stage.routes)
  const transport = localTransport(routes, dispatch, { caller: localCaller() })
  return async (...words: readonly string[]): Promise<CommandResult> => {
    const printed = { out: '', err: '' }
    const stream = (name: 'out' | 'err') =>
      ({ columns: 140, write: (text: string) => (printed[name] += text) }) as unknown as NodeJS.WriteStream
    const code = await runCommandLine(words, {
      commands,
      version: 'test',
      connect: async () => ({
        client: (contract) => createClient(contract, transport),
        close: async () => undefined,
      }),
      out: stream('out'),
      err: stream('err'),
      directory: platform.config.home,
      signal: new AbortController().signal,
    })
    return { code, ...printed }
  }
}
