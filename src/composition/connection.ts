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
  const asked = readConfig(given === undefined ? {} : { serverUrl: given })
  // A server far away has its own project; only without one must there be a project here.
  if (asked.serverUrl !== undefined) return remote(asked.serverUrl, asked.token)
  const directory = dirname(await findProject(options.text('project') ?? process.cwd()))
  const config = readConfig({ projectDirectory: directory })
  const url = await findServer(config.home)
  if (url !== undefined) return remote(url, config.token)
  const { openLocally } = await import('./local-connection.ts')
  return openLocally(config, directory)
}

function remote(url: string, token: string | undefined): Connection {
  const transport = httpTransport({ url, ...(token === undefined ? {} : { token }) })
  return { client: (contract) => createClient(contract, transport), close: async () => undefined }
}
