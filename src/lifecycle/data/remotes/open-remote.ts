import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { environmentVariable } from '#platform/config'
import { nearestName } from '#platform/nearest-name'
import type { Remote } from './remote.ts'
import type { RemoteConfig, RemotesConfig } from './remotes-section.ts'

const tokenVariable = 'DEVMLOPS_REMOTE_TOKEN'

interface Wanted {
  /** A name of the project file, or an address; undefined is the default. */
  readonly remote: string | undefined
  readonly remotes: RemotesConfig
  /** Of the project: relative folders start there. */
  readonly directory: string
}

/**
 * The remote that a caller names. An address that the project does not have is the word of an administrator: the server
 * would send the data anywhere for everybody.
 */
export async function openRemote(
  wanted: Wanted,
  caller: Pick<Caller, 'name' | 'permissions'>,
): Promise<Remote> {
  const { remote, remotes, directory } = wanted
  const known = remote === undefined ? defaultOf(remotes) : remotes[remote]
  if (known !== undefined) return openAt(known, directory)
  if (remote === undefined || !/[/:.\\]/.test(remote)) return unknown(remote, remotes)
  if (!caller.permissions.has('admin')) {
    fail(
      'permission_denied',
      `The project has no remote ${remote}, and ${caller.name} is no administrator.`,
      {
        hint: 'Name it under `remotes:` in devmlops.yaml.',
        at: remote,
      },
    )
  }
  return openAt({ url: remote, default: false }, directory)
}

export async function openAt({ url, token_env: variable }: RemoteConfig, directory: string): Promise<Remote> {
  if (url.startsWith('s3://')) {
    const { s3Remote } = await import('./s3-remote.ts')
    return s3Remote(url.replace(/\/$/, ''))
  }
  if (/^https?:\/\//.test(url)) {
    const { serverRemote } = await import('./server-remote.ts')
    const token = environmentVariable(variable ?? tokenVariable)
    if (variable !== undefined && (token === undefined || token === '')) {
      fail('invalid_input', `${variable} is not set; it holds the token for ${url}.`, { at: variable })
    }
    return serverRemote({ url, token: token === '' ? undefined : token })
  }
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(url)?.[1]
  if (scheme !== undefined && scheme !== 'file') {
    fail('invalid_input', `"${url}" is no place for data: ${scheme}:// is not known.`, {
      hint: 'It is a folder, s3://bucket/prefix, or the https:// address of a DevMLOps server.',
      at: url,
    })
  }
  const { folderRemote } = await import('./folder-remote.ts')
  return folderRemote(scheme === undefined ? resolve(directory, url) : fileURLToPath(url))
}

function defaultOf(remotes: RemotesConfig): RemoteConfig | undefined {
  const all = Object.values(remotes)
  return all.find((remote) => remote.default) ?? remotes['origin'] ?? (all.length === 1 ? all[0] : undefined)
}

function unknown(remote: string | undefined, remotes: RemotesConfig): never {
  const names = Object.keys(remotes)
  if (remote === undefined) {
    return fail('not_found', 'The project has no remote to push to or pull from by default.', {
      hint:
        names.length === 0
          ? 'Add one to devmlops.yaml, such as remotes: { origin: { url: s3://bucket/data } }, or give --remote.'
          : `Give --remote (${names.join(', ')}), or set \`default: true\` for one.`,
    })
  }
  const near = nearestName(remote, names)
  return fail('not_found', `The project has no remote "${remote}".`, {
    hint: near === undefined ? 'Describe it under `remotes:` in devmlops.yaml.' : `Did you mean "${near}"?`,
    at: remote,
  })
}
