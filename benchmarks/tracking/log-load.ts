import { connect } from 'node:net'
import { parseArgs } from 'node:util'
import { measureLoad, type LoadWindow } from '../load-window.ts'

/**
 * Sends log-batch requests on keep-alive connections, one client a run, each as soon as the answer before it is there,
 * and prints a JSON summary. Every request has points of its own: their times and steps are written into a prepared
 * request, on raw sockets, so that the load costs less of the machine than what it measures.
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string', default: '' },
    run: { type: 'string', multiple: true, default: [] },
    metrics: { type: 'string', default: '10' },
    warmupMs: { type: 'string', default: '1000' },
    durationMs: { type: 'string', default: '4000' },
  },
})

const url = new URL(values.url)
const count = Number(values.metrics)

/** Placeholders of as many digits as what is written over them. */
const timeDigits = 13
const stepDigits = 9

function requestFor(runId: string): { bytes: Buffer; times: number[]; steps: number[] } {
  const metrics = Array.from({ length: count }, (_, index) => ({
    key: `metric_${index % 10}`,
    value: (index + 1) / 7,
    timestamp: 't'.repeat(timeDigits),
    step: 's'.repeat(stepDigits),
  }))
  const body = JSON.stringify({ run_id: runId, metrics }).replaceAll(/"(t{13}|s{9})"/g, '$1')
  const head = `POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  const text = head + body
  return {
    bytes: Buffer.from(text),
    times: [...text.matchAll(/t{13}/g)].map(({ index }) => index),
    steps: [...text.matchAll(/s{9}/g)].map(({ index }) => index),
  }
}

function openConnection(runId: string, window: LoadWindow): void {
  const { bytes, times, steps } = requestFor(runId)
  const socket = connect(Number(url.port), url.hostname)
  socket.setNoDelay(true)
  let sequence = 0
  let sentAt = 0
  let answer = ''
  const send = (): void => {
    for (const [index, place] of times.entries()) {
      const step = sequence * Math.ceil(count / 10) + Math.floor(index / 10)
      bytes.write(String(1_700_000_000_000 + step), place, 'latin1')
      bytes.write(String(100_000_000 + step), steps[index] as number, 'latin1')
    }
    sequence += 1
    sentAt = performance.now()
    answer = ''
    socket.write(bytes)
  }
  socket.on('connect', send)
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1')
    const headEnd = answer.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const length = /content-length: (\d+)/i.exec(answer)?.[1] ?? '0'
    if (answer.length < headEnd + 4 + Number(length)) return
    if (!answer.startsWith('HTTP/1.1 200')) window.failed(answer.slice(0, 1000))
    else window.answered(performance.now() - sentAt)
    if (window.isOpen) send()
  })
  socket.on('error', (error) => window.failed(error.message))
  socket.on('close', () => window.failed('the connection was closed'))
}

await measureLoad(values, (window) => {
  for (const runId of values.run) openConnection(runId, window)
})
