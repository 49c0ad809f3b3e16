import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '#platform/config'
import { silentLog } from '#platform/log'
import { openPlatform } from './platform.ts'
import { createProgram, type Program } from './program.ts'

/** The whole program on an empty store, without a project. */
export async function fixtureProgram(): Promise<{ program: Program; close: () => Promise<void> }> {
  const home = mkdtempSync(join(tmpdir(), 'devmlops-program-'))
  const platform = await openPlatform(readConfig({ home }, {}), silentLog)
  const program = createProgram({ platform, directory: home, trackingUri: () => undefined, serve: false })
  return {
    program,
    close: async () => {
      await program.close()
      await platform.close()
      rmSync(home, { recursive: true })
    },
  }
}
