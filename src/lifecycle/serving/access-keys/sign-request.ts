import { createHmac, hash } from 'node:crypto'
import { keyIdOf, verificationKeyOf } from './key-secret.ts'

export interface SignedParts {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** The header `content-digest`. */
  readonly digest: string
  /** Everything behind the label in `signature-input`. */
  readonly parameters: string
}

/** What a signature covers, always and in this order. */
export const signedComponents = '("@method" "@path" "content-digest")'

/** The signature base of RFC 9421, section 2.5. */
export function signatureBase({ method, path, digest, parameters }: SignedParts): string {
  return `"@method": ${method}\n"@path": ${path}\n"content-digest": ${digest}\n"@signature-params": ${parameters}`
}

/** The value of `content-digest` (RFC 9530). */
export function contentDigest(body: Uint8Array | string): string {
  return `sha-256=:${hash('sha256', body, 'base64')}:`
}

export interface RequestToSign {
  /** The key as it was shown when it was made with `--signing`. */
  readonly secret: string
  readonly method: string
  readonly path: string
  readonly body: Uint8Array | string
  /** Epoch milliseconds. */
  readonly time: number
  /** Makes two signatures of one request in the same second differ. */
  readonly nonce: string
}

/** The headers that sign a request with a key instead of sending it: HTTP message signatures (RFC 9421) with HMAC-SHA256. */
export function signRequest({
  secret,
  method,
  path,
  body,
  time,
  nonce,
}: RequestToSign): Record<string, string> {
  const digest = contentDigest(body)
  const id = keyIdOf(secret) ?? ''
  const created = Math.floor(time / 1000)
  const parameters = `${signedComponents};created=${created};nonce="${nonce}";keyid="${id}";alg="hmac-sha256"`
  const base = signatureBase({ method, path, digest, parameters })
  const signature = createHmac('sha256', Buffer.from(verificationKeyOf(secret), 'base64'))
    .update(base)
    .digest('base64')
  return {
    'content-digest': digest,
    'signature-input': `sig1=${parameters}`,
    signature: `sig1=:${signature}:`,
  }
}
