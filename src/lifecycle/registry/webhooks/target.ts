import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { isPublicAddress } from './public-address.ts'

export interface TargetRules {
  /** Loopback, private networks and http:// too: for tests on one machine. */
  readonly allowPrivate: boolean
}

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

/** Reads the URL of a webhook; fails with `invalid_input`. */
export function parseTarget(text: string, { allowPrivate }: TargetRules): URL {
  const url = URL.canParse(text) ? new URL(text) : refuse(`"${text.slice(0, 200)}" is no URL.`)
  const schemes = allowPrivate ? ['https:', 'http:'] : ['https:']
  if (!schemes.includes(url.protocol)) {
    refuse(
      `Invalid webhook URL scheme: '${url.protocol.slice(0, -1)}'. Allowed schemes are: ${schemes.map((scheme) => scheme.slice(0, -1)).join(', ')}.`,
    )
  }
  if (url.hostname === '') refuse('The URL of a webhook must include a hostname.')
  return url
}

/**
 * The addresses that the host of the URL has now, every one of which must be public: a name may point anywhere, and what
 * is sent must not reach what only this machine can reach. Fails with `invalid_input` when one is not, and with
 * `server_unreachable` when the name has none. Connect to these and to no others, or the name could be pointed elsewhere
 * in between.
 */
export async function resolveTarget(url: URL, { allowPrivate }: TargetRules): Promise<ResolvedAddress[]> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(host)
  const addresses = family === 0 ? await addressesOf(host) : [{ address: host, family }]
  const hidden = addresses.find(({ address }) => !isPublicAddress(address))
  if (hidden === undefined || allowPrivate) return addresses
  return refuse(
    `Webhook URL must not resolve to a non-public IP address. "${host}" resolves to ${hidden.address}.`,
  )
}

async function addressesOf(host: string): Promise<ResolvedAddress[]> {
  try {
    return await lookup(host, { all: true })
  } catch (error) {
    throw new DevmlopsError(
      'server_unreachable',
      `Cannot resolve the webhook's host "${host}": ${messageOf(error)}.`,
    )
  }
}

function refuse(message: string): never {
  return fail('invalid_input', message, {
    at: 'url',
    hint: 'Webhooks call public https:// addresses; see DEVMLOPS_WEBHOOK_PRIVATE_HOSTS for tests.',
  })
}
