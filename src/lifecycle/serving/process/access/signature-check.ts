import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { fail } from '#contract/errors'
import { contentDigest, signatureBase, signedComponents } from '../../access-keys/sign-request.ts'

/** How far the time of a signature may be from ours, either way. */
const windowMs = 300_000
/** Signatures that are remembered, so that none is taken twice; beyond, the oldest are forgotten. */
const mostRemembered = 100_000

const inputPattern =
  /^([a-z][a-z0-9_-]{0,30})=(\("@method" "@path" "content-digest"\);created=(\d{1,12})(?:;nonce="[\x21\x23-\x5b\x5d-\x7e]{1,100}")?;keyid="([a-z0-9]{1,40})";alg="hmac-sha256")$/

export interface SignedRequest {
  readonly headers: IncomingHttpHeaders
  readonly method: string
  readonly url: string
}

/** What a signature says, before it is known to be right. */
export interface SignatureClaim {
  readonly keyId: string
  /** Fails with `unauthenticated`. `now` is in epoch milliseconds. */
  verify(verificationKey: string, now: number): void
  /** Fails when the body is not the one that was signed. */
  checkBody(body: Buffer): void
}

/** Checks requests that are signed as RFC 9421 has it, in the one form that we take; see docs/guides/serving-security.md. */
export class SignatureCheck {
  readonly #seen = new Map<string, number>()

  /** Fails with `unauthenticated` for anything but a signature in our form. */
  read({ headers, method, url }: SignedRequest): SignatureClaim {
    const [, label = '', parameters = '', created = '', keyId = ''] =
      inputPattern.exec(String(headers['signature-input'])) ?? refuse('signature-input')
    const digest = headers['content-digest']
    if (typeof digest !== 'string') return refuse('content-digest')
    const given = String(headers['signature'])
    const prefix = `${label}=:`
    if (!given.startsWith(prefix) || !given.endsWith(':')) return refuse('signature')
    const signature = given.slice(prefix.length, -1)
    const [path = ''] = url.split('?', 1)
    return {
      keyId,
      verify: (verificationKey, now) => {
        const createdAt = Number(created) * 1000
        if (Math.abs(createdAt - now) > windowMs) {
          fail('unauthenticated', 'The signature is too old, or of a clock that is wrong.', {
            at: 'signature-input',
            hint: `It must be made within ${windowMs / 60_000} minutes of when it is checked.`,
          })
        }
        const key = Buffer.from(verificationKey, 'base64')
        const expected = createHmac('sha256', key)
          .update(signatureBase({ method, path, digest, parameters }))
          .digest()
        const sent = Buffer.from(signature, 'base64')
        if (sent.length !== expected.length || !timingSafeEqual(sent, expected))
          fail('unauthenticated', 'The signature is not one of this request and key.', { at: 'signature' })
        this.#once(expected.toString('base64'), now)
      },
      checkBody: (body) => {
        if (contentDigest(body) !== digest)
          fail('unauthenticated', 'The body is not the one that was signed.', { at: 'content-digest' })
      },
    }
  }

  #once(signature: string, now: number): void {
    if (this.#seen.has(signature)) {
      fail('unauthenticated', 'The request was sent before: a signature is good once.', {
        at: 'signature',
        hint: 'Sign a request again before you send it again, with another nonce.',
      })
    }
    for (const [old, until] of this.#seen) {
      if (until > now && this.#seen.size < mostRemembered) break
      this.#seen.delete(old)
    }
    this.#seen.set(signature, now + 2 * windowMs)
  }
}

function refuse(header: string): never {
  return fail('unauthenticated', `The header ${header} is missing or not in the form that is expected.`, {
    at: header,
    hint: `signature-input: sig1=${signedComponents};created=…;nonce="…";keyid="…";alg="hmac-sha256"`,
  })
}
