import type { Server } from 'node:http'
import { DevmlopsError, fail } from '#contract/errors'

/** Answers the port. Fails with `port_in_use`. */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new DevmlopsError('port_in_use', `Port ${port} of ${host} is taken.`, {
              hint: 'Choose another with DEVMLOPS_SERVING_PORT.',
            })
          : error,
      )
    })
    server.listen(port, host, resolve)
  })
  return portOf(server)
}

export function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null
    ? address.port
    : fail('internal', 'The server has no address.')
}

export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}
