import type { Server } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'

/** So long an idle connection may still bring the request that its client had begun to send; see below. */
const graceMs = 250
const lookMs = 10

/**
 * Takes no new connections, lets requests that have begun end, and cuts off what has not ended in time. A client that sends
 * on an idle connection just as it is closed loses its request, so for a moment they stay open: what comes on them is
 * answered, and asked to leave. `early` are connections that the server answers on and did not take itself.
 */
export async function stopListening(
  server: Server,
  timeoutMs: number,
  early: ReadonlySet<Socket> = new Set(),
): Promise<void> {
  const own = new Promise<void>((resolve) => {
    server.once('close', resolve)
  })
  const others = [...early].map(
    (socket) => new Promise<void>((resolve) => void socket.once('close', () => resolve())),
  )
  // Of net, since that of http closes idle connections at once.
  NetServer.prototype.close.call(server)
  const graceEnds = performance.now() + graceMs
  const idle = setInterval(() => {
    if (performance.now() >= graceEnds) server.closeIdleConnections()
  }, lookMs)
  const cutOff = setTimeout(() => server.closeAllConnections(), timeoutMs)
  await Promise.all([own, ...others])
  clearInterval(idle)
  clearTimeout(cutOff)
  // What http keeps for itself, such as the timer that looks for slow clients.
  server.close()
}
