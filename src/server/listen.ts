import { rmSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { DevmlopsError } from '#contract/errors'

export interface Listening {
  readonly url: string
  /** Stops accepting, lets requests in flight end (for at most five seconds), and closes. */
  close(): Promise<void>
}

const drainMs = 5000

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** Sees a request before the app does. */
  readonly before?: (next: RequestListener) => RequestListener
}

export async function listen(app: Hono, { host, port, before }: ListenOptions): Promise<Listening> {
  const listener: RequestListener = getRequestListener(app.fetch)
  const server = createServer(before === undefined ? listener : before(listener))
  // Longer than a load balancer keeps an idle connection, or it sends a request into a socket that is just closing.
  server.keepAliveTimeout = 65_000
  // An artifact of gigabytes over a slow line is a request of hours; headers still have a minute.
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, { host, port })))
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        const force = setTimeout(() => server.closeAllConnections(), drainMs)
        // Again and again: a connection whose answer ends only now would be kept alive for the next request.
        const idle = setInterval(() => server.closeIdleConnections(), 20)
        server.close(() => {
          clearTimeout(force)
          clearInterval(idle)
          resolve()
        })
      }),
  }
}

function explain(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): Error {
  if (error.code === 'EADDRINUSE') {
    return new DevmlopsError('port_in_use', `Port ${port} on ${host} is taken by another program.`, {
      hint: 'Stop it, or choose another port with --port.',
      cause: error,
    })
  }
  if (error.code === 'EACCES') {
    return new DevmlopsError('permission_denied', `This user may not listen on port ${port}.`, {
      hint: 'Choose a port from 1024 up with --port.',
      cause: error,
    })
  }
  if (error.code !== 'EADDRNOTAVAIL' && error.code !== 'ENOTFOUND') return error
  return new DevmlopsError('invalid_input', `This machine has no address "${host}".`, {
    hint: 'Choose one of its own with --host, or 0.0.0.0 for all.',
    cause: error,
  })
}

/** Leaves word in the home folder, so that the command line finds the server that holds the store. */
export async function announce(home: string, url: string): Promise<() => void> {
  // With all stores elsewhere, this is the first that is kept in it.
  await mkdir(home, { recursive: true, mode: 0o700 })
  const path = join(home, 'server.json')
  await writeFile(`${path}.new`, JSON.stringify({ url, pid: process.pid }), { mode: 0o600 })
  await rename(`${path}.new`, path)
  return () => rmSync(path, { force: true })
}
