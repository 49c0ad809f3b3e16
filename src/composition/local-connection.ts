import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createClient, type Transport } from '#contract/client'
import { DevmlopsError, fail } from '#contract/errors'
import type { Connection } from '#cli/run'
import { localCaller } from '#platform/access/access'
import type { Config } from '#platform/config'
import { acquireStoreLock, type StoreLock } from '#platform/database/index'
import { localTransport } from '#platform/dispatch'
import { createLog } from '#platform/log'
import { openPlatform } from './platform.ts'
import { createProgram } from './program.ts'

/** The same program in this process, without a socket. Looks only, while another process writes to the store. */
export async function openLocally(config: Config, directory: string): Promise<Connection> {
  const { lock, busy } = takeLock(config)
  const readOnly = busy !== undefined
  const platform = await openPlatform(config, { log: createLog('error'), readOnly })
  const program = createProgram({ platform, directory, trackingUri: () => undefined, serve: false })
  if (!readOnly) await program.start()
  const direct = localTransport(program.routes, program.dispatch, { caller: localCaller() })
  const transport = readOnly ? readOnlyTransport(direct, () => storeIsBusy(busy)) : direct
  return {
    client: (contract) => createClient(contract, transport),
    close: async () => {
      if (!readOnly) await program.close()
      await platform.close()
      lock?.release()
    },
  }
}

function takeLock(config: Config): { lock?: StoreLock; busy?: DevmlopsError } {
  // PostgreSQL takes many writers.
  if (config.databaseUrl !== undefined) return {}
  try {
    return { lock: acquireStoreLock(config.home, process.argv.slice(2, 4).join(' ')) }
  } catch (error) {
    // Without a store there is nothing to look at either.
    if (error instanceof DevmlopsError && existsSync(join(config.home, 'store.db'))) return { busy: error }
    throw error
  }
}

/** Refuses what would write, when another process holds the store. */
function readOnlyTransport(transport: Transport, reason: () => never): Transport {
  return (name, endpoint, input, options) =>
    endpoint.permission === 'read' ? transport(name, endpoint, input, options) : reason()
}

function storeIsBusy(cause: unknown): never {
  return fail('store_in_use', cause instanceof Error ? cause.message : String(cause), {
    hint: 'Wait until it ends; reading works meanwhile.',
    cause,
  })
}
