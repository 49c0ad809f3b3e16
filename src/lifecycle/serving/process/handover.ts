import type { ChildProcess } from 'node:child_process'
import type { Server } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { DevmlopsError } from '#contract/errors'

/**
 * One serving process takes the place of another without a request being lost. The new one loads the models and says so;
 * the old one passes it the listening socket, ends what has begun, closes its logs, and lets go of the folder; the new one
 * takes that and answers. Connections that come in between wait in the new process.
 */
type Message = 'warm' | 'socket'

const warmPatienceMs = 120_000

/** What the new process knows of the old one. */
export interface Predecessor {
  /** Call it when the models are loaded. Fails with `cancelled` when the process before dies. */
  takeSocket(): Promise<InheritedSocket>
}

export interface InheritedSocket {
  /** From now on the server answers on it. */
  giveTo(server: Server): void
  /** Connections that came before that and are still open. */
  readonly early: ReadonlySet<Socket>
}

/** In the new process, which was started with a channel to the old one. */
export function predecessorOf(channel: Pick<NodeJS.Process, 'once' | 'send'>): Predecessor {
  return {
    takeSocket: () =>
      new Promise((resolve, reject) => {
        channel.once('message', (message: Message, handle: unknown) => {
          if (message === 'socket' && handle instanceof NetServer) resolve(inheritedSocket(handle))
        })
        channel.once('disconnect', () =>
          reject(new DevmlopsError('cancelled', 'The serving process before this one is gone.')),
        )
        channel.send?.('warm' satisfies Message)
      }),
  }
}

function inheritedSocket(listening: NetServer): InheritedSocket {
  const early = new Set<Socket>()
  const keep = (socket: Socket): void => {
    early.add(socket)
    socket.once('close', () => early.delete(socket))
    // Before somebody answers on it nobody else looks.
    socket.on('error', () => undefined)
  }
  listening.on('connection', keep)
  return {
    early,
    giveTo: (server) => {
      server.listen(listening)
      for (const socket of early) {
        socket.setNoDelay(true)
        server.emit('connection', socket)
      }
    },
  }
}

/** In the old process: settles when the new one has the socket. Fails when it ends or does not get its models in time. */
export async function passSocket(server: Server, successor: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => end('it took too long'), warmPatienceMs)
    const end = (why: string): void => {
      clearTimeout(late)
      reject(
        new DevmlopsError('not_ready', `The new serving process did not start: ${why}.`, {
          hint: 'The one before goes on answering. The log of serving says more.',
        }),
      )
    }
    successor.once('exit', (code, signal) => end(`it ended with ${signal ?? `code ${code}`}`))
    successor.once('message', (message: Message) => {
      clearTimeout(late)
      if (message === 'warm') resolve()
      else end('it said something else')
    })
  })
  await new Promise<void>((resolve, reject) => {
    successor.send('socket' satisfies Message, server, (error) =>
      error === null ? resolve() : reject(error),
    )
  })
}
