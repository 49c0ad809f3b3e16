import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/**
 * Writes bytes as they are and reads one answer, over a connection that is kept as long as the server keeps it: clients of
 * HTTP libraries cannot say what a hostile one says.
 */
export class RawConnection {
  readonly #port: number
  #socket: Socket | undefined
  #received = Buffer.alloc(0)
  #isHead = false
  #settle: ((answer: RawAnswer | 'closed') => void) | undefined

  constructor(port: number) {
    this.#port = port
  }

  /** `hanging` when there is no answer and no end within `limitMs`. */
  async ask(bytes: Buffer, limitMs: number): Promise<RawAnswer | 'closed' | 'hanging'> {
    const socket = await this.#open()
    this.#received = Buffer.alloc(0)
    this.#isHead = bytes.subarray(0, 5).toString('latin1') === 'HEAD '
    let timer: NodeJS.Timeout | undefined
    const answer = await new Promise<RawAnswer | 'closed' | 'hanging'>((resolve) => {
      this.#settle = resolve
      timer = setTimeout(resolve, limitMs, 'hanging')
      if (socket.destroyed) resolve('closed')
      else socket.write(bytes)
    })
    clearTimeout(timer)
    this.#settle = undefined
    if (answer === 'hanging' || answer === 'closed' || /^connection: close/im.test(answer.head)) this.close()
    return answer
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  async #open(): Promise<Socket> {
    if (this.#socket !== undefined && !this.#socket.destroyed) return this.#socket
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    this.#socket = socket
    socket.on('error', () => undefined)
    socket.on('close', () => this.#settle?.('closed'))
    socket.on('data', (chunk) => {
      if (socket === this.#socket) this.#read(chunk)
    })
    await new Promise((resolve) => {
      socket.once('connect', resolve)
      socket.once('close', resolve)
    })
    return socket
  }

  #read(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    const end = this.#received.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = this.#received.toString('latin1', 0, end)
    if (head.startsWith('HTTP/1.1 100')) {
      this.#received = this.#received.subarray(end + 4)
      return this.#read(Buffer.alloc(0))
    }
    const length = this.#isHead ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
    const status = Number(head.slice(9, 12))
    if (this.#received.length < end + 4 + length) return
    this.#settle?.({ status, head, body: this.#received.toString('utf8', end + 4, end + 4 + length) })
  }
}
