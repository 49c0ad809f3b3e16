import { createClient, httpTransport, type Transport } from '#contract/client'
import { fail } from '#contract/errors'
import { findServer } from '#cli/find-server'
import type { CommandLine } from '#cli/command-line'
import type { Connection } from '#cli/run'
import { readConfig } from '#platform/config'
import { findProject } from '#lifecycle/project/index'
import { dirname } from 'node:path'

/** A running server where there is one; otherwise the store itself, opened by this process. */
export async function connect({ options }: CommandLine): Promise<Connection> {
  const given = options.text('server')
  const directory =
    given === undefined ? dirname(await findProject(options.text('project') ?? process.cwd())) : process.cwd()
  const config = readConfig({
    projectDirectory: directory,
    ...(given === undefined ? {} : { serverUrl: given }),
  })
  const url = config.serverUrl ?? (await findServer(config.home))
  if (url !== undefined) {
    const transport = httpTransport({ url, ...(config.token === undefined ? {} : { token: config.token }) })
    return { client: (contract) => createClient(contract, transport), close: async () => undefined }
  }
  const { openLocally } = await import('./local-connection.ts')
  return openLocally(config, directory)
}

/** Refuses what would write, when another process holds the store. */
export function readOnlyTransport(transport: Transport, reason: () => never): Transport {
  return (name, endpoint, input, options) =>
    endpoint.permission === 'read' ? transport(name, endpoint, input, options) : reason()
}

export function storeIsBusy(cause: unknown): never {
  return fail('store_in_use', cause instanceof Error ? cause.message : String(cause), {
    hint: 'Wait until it ends; reading works meanwhile.',
    cause,
  })
}
