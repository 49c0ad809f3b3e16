import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { DevmlopsError } from '#contract/errors'

export interface PinnedRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

/**
 * Asks a process on this machine over TLS. Its certificate is for the name that others know it by, and its issuer may be
 * unknown here; so what counts is that it is the one in the file that the process was started with. Nothing is sent before.
 */
export async function pinnedFetch(
  url: URL,
  given: PinnedRequest,
  certificatePath: string,
): Promise<Response> {
  const expected = new X509Certificate(await readFile(certificatePath)).fingerprint256
  const { method, headers, body, signal } = given
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { method, headers, signal, rejectUnauthorized: false, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve(new Response(Buffer.concat(chunks), { status: response.statusCode ?? 500 })),
        )
      },
    )
    asked.on('error', reject)
    asked.on('socket', (socket) => {
      socket.once('secureConnect', () => {
        if ((socket as TLSSocket).getPeerCertificate().fingerprint256 === expected) {
          asked.end(body)
          return
        }
        asked.destroy(
          new DevmlopsError(
            'unauthenticated',
            `${url.host} has another certificate than ${certificatePath}.`,
          ),
        )
      })
    })
  })
}
