import { createHmac, hash, randomBytes } from 'node:crypto'

/** `dk_<public id>_<secret>`: the prefix lets scanners of repositories find it, the id names it without giving it away. */
const keyPattern = /^dk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/
const alphabet = 'abcdefghijkmnopqrstuvwxyz023456789'

export interface NewKey {
  readonly id: string
  /** Shown once and never kept. */
  readonly secret: string
  readonly digest: string
  readonly verificationKey: string
}

export function newKey(): NewKey {
  const id = Array.from(randomBytes(12), (byte) => alphabet[byte % alphabet.length] ?? 'a').join('')
  const secret = `dk_${id}_${randomBytes(32).toString('base64url')}`
  return { id, secret, digest: keyDigest(secret), verificationKey: verificationKeyOf(secret) }
}

/** The public id of what looks like a key. */
export function keyIdOf(secret: string): string | undefined {
  return keyPattern.exec(secret)?.[1]
}

/** A plain hash is enough for 256 random bits: there is nothing to guess that a slow one would protect. */
export function keyDigest(secret: string): string {
  return hash('sha256', secret)
}

/**
 * What requests are signed and checked with, base64. One way from the secret: whoever reads it from the store can sign,
 * but cannot present the key itself.
 */
export function verificationKeyOf(secret: string): string {
  return createHmac('sha256', secret).update('devmlops request signing v1').digest('base64')
}
