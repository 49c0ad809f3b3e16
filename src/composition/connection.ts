import { createClient, httpTransport } from '#contract/client'
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
