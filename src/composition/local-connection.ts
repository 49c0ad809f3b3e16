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
import { openPlatform, openPlatformToLook, type OpenPlatform } from './platform.ts'
import { createProgram } from './program.ts'

interface LocalProgram {
  readonly transport: Transport
  close(): Promise<void>
}

/**
 * The same program in this process, without a socket. As long as a command only reads, the store is opened to look: it
 * takes no lock, so that it neither waits for a command that writes nor stands in its way, and takes up no work that
 * others left. The first call that changes something opens it to write.
 */
export async function openLocally(config: Config, directory: string): Promise<Connection> {
  const start = { config, directory }
  let looking: Promise<LocalProgram | undefined> | undefined
  let writing: Promise<LocalProgram> | undefined
  const programFor = async (permission: string): Promise<LocalProgram> => {
    if (permission === 'read' && writing === undefined) {
      looking ??= openToLook(start)
      const program = await looking
      if (program !== undefined) return program
    }
    writing ??= openToWrite(start)
    return writing
  }
  const transport: Transport = async (name, endpoint, input, options) => {
    const program = await programFor(endpoint.permission)
    return program.transport(name, endpoint, input, options)
  }
  return {
    client: (contract) => createClient(contract, transport),
    close: async () => {
      const opened = await Promise.allSettled([writing, looking])
      for (const result of opened) if (result.status === 'fulfilled') await result.value?.close()
    },
  }
}

interface Start {
  readonly config: Config
  readonly directory: string
}

/** Nothing, when there is no store yet or its schema is to be brought up to date first. */
async function openToLook({ config, directory }: Start): Promise<LocalProgram | undefined> {
  if (config.databaseUrl === undefined && !existsSync(join(config.home, 'store.db'))) return undefined
  const platform = await openPlatformToLook(config, createLog('error'))
  if (platform === undefined) return undefined
  return programOn(platform, directory).local
}

async function openToWrite({ config, directory }: Start): Promise<LocalProgram> {
  // PostgreSQL takes many writers.
  const lock = config.databaseUrl === undefined ? takeLock(config) : undefined
  try {
    const platform = await openPlatform(config, createLog('error'))
    const { program, local } = programOn(platform, directory)
    await program.start()
    return {
      transport: local.transport,
      close: async () => {
        await local.close()
        lock?.release()
      },
    }
  } catch (error) {
    lock?.release()
    throw error
  }
}

function programOn(platform: OpenPlatform, directory: string) {
  const program = createProgram({ platform, directory, trackingUri: () => undefined, serve: false })
  const local: LocalProgram = {
    transport: localTransport(program.routes, program.dispatch, { caller: localCaller() }),
    close: async () => {
      await program.close()
      await platform.close()
    },
  }
  return { program, local }
}

function takeLock(config: Config): StoreLock {
  try {
    return acquireStoreLock(config.home, process.argv.slice(2, 4).join(' '))
  } catch (error) {
    if (!(error instanceof DevmlopsError) || error.code !== 'store_in_use') throw error
    return fail('store_in_use', error.message, {
      hint: 'Wait until it ends; reading works meanwhile.',
      cause: error,
    })
  }
}
