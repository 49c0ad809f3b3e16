import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { parseArgs } from 'node:util'
import { measureLoad, type LoadWindow } from '../load-window.ts'

/**
 * Sends one request over and over on keep-alive connections, each as soon as the answer before it is there, and prints a
 * JSON summary. On raw sockets, so that the load costs less of the machine than what it measures.
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    body: { type: 'string' },
    /** A file with the body, for one that is not text. */
    bodyFile: { type: 'string' },
    header: { type: 'string', multiple: true, default: [] },
    connections: { type: 'string', default: '64' },
    warmupMs: { type: 'string', default: '1500' },
    durationMs: { type: 'string', default: '4000' },
  },
})

const url = new URL(values.url ?? '')
const body = values.bodyFile === undefined ? Buffer.from(values.body ?? '{}') : readFileSync(values.bodyFile)
const headers = [
  `POST ${url.pathname} HTTP/1.1`,
  `host: ${url.host}`,
  ...(values.bodyFile === undefined ? ['content-type: application/json'] : []),
  ...values.header,
  `content-length: ${body.length}`,
]
const request = Buffer.concat([Buffer.from(`${headers.join('\r\n')}\r\n\r\n`), body])
function openConnection(window: LoadWindow): void {
  const socket = connect(Number(url.port), url.hostname)
  socket.setNoDelay(true)
  let sentAt = 0
  let expected = -1
  let received = 0
  const send = (): void => {
    sentAt = performance.now()
    expected = -1
    received = 0
    socket.write(request)
  }
  socket.on('connect', send)
  socket.on('data', (chunk) => {
    received += chunk.length
    if (expected === -1) {
      const head = chunk.toString('latin1')
      const headEnd = head.indexOf('\r\n\r\n')
      const length = /content-length: (\d+)/i.exec(head)
      expected = headEnd + 4 + Number(length?.[1] ?? 0)
      if (!head.startsWith('HTTP/1.1 200')) window.failed(head.slice(0, 300))
    }
    if (received < expected) return
    window.answered(performance.now() - sentAt)
    if (window.isOpen) send()
  })
  socket.on('error', (error) => window.failed(error.message))
}

await measureLoad(values, (window) => {
  for (let index = 0; index < Number(values.connections); index++) openConnection(window)
})
