import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Flight } from './flights.ts'

/** As many requests under way at once as a small fleet of clients would have. */
const connections = 32

export interface TrafficResult {
  readonly sent: number
  readonly failed: number
  readonly meanScore: number
  readonly lateRate: number
  readonly byVersion: Readonly<Record<string, number>>
}

/** Sends every flight as a request of its own and waits for all answers. `change` is what the client does to its inputs. */
export async function replay(
  url: string,
  flights: readonly Flight[],
  change: (inputs: Flight['inputs']) => object = (inputs) => inputs,
): Promise<TrafficResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const byVersion: Record<string, number> = {}
  let next = 0
  let failed = 0
  let scores = 0
  const client = async (): Promise<void> => {
    while (next < flights.length) {
      const flight = flights[next++] as Flight
      const answer = await post(agent, `${url}/deployments/flight-delays/predict`, {
        rows: [change(flight.inputs)],
        ids: [flight.id],
        key: flight.id,
        event_time: flight.eventTime,
      })
      const [prediction] =
        (answer.body as { predictions?: { probability: number; version: number }[] }).predictions ?? []
      if (answer.status !== 200 || prediction === undefined) failed += 1
      else {
        scores += prediction.probability
        byVersion[`v${prediction.version}`] = (byVersion[`v${prediction.version}`] ?? 0) + 1
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  agent.destroy()
  const late = flights.reduce((sum, flight) => sum + flight.late, 0)
  return {
    sent: flights.length,
    failed,
    meanScore: scores / Math.max(1, flights.length - failed),
    lateRate: late / flights.length,
    byVersion,
  }
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export function post(agent: Agent | undefined, url: string, body: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body)
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const call = request(
      url,
      { method: 'POST', headers, ...(agent === undefined ? {} : { agent }) },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const answer = Buffer.concat(chunks).toString()
          try {
            resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) as unknown })
          } catch {
            resolve({ status: response.statusCode ?? 0, body: answer })
          }
        })
      },
    )
    call.on('error', reject)
    call.end(text)
  })
}

const pauseMs = 10

/** Requests that go on, one after the other on several connections, until told to stop. */
export function steadyTraffic(url: string, flights: readonly Flight[]): { stop(): Promise<TrafficResult> } {
  const stopping = new AbortController()
  let sent = 0
  let failed = 0
  const byVersion: Record<string, number> = {}
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const client = async (_: unknown, offset: number): Promise<void> => {
    for (let at = offset; !stopping.signal.aborted; at = (at + 8) % flights.length) {
      const { inputs, eventTime } = flights[at] as Flight
      const body = { rows: [inputs], event_time: eventTime }
      const answer = await post(agent, `${url}/deployments/flight-delays/predict`, body).catch(
        () => undefined,
      )
      sent += 1
      await sleep(pauseMs)
      const [prediction] =
        (answer?.body as { predictions?: { version: number }[] } | undefined)?.predictions ?? []
      if (answer?.status !== 200 || prediction === undefined) failed += 1
      else byVersion[`v${prediction.version}`] = (byVersion[`v${prediction.version}`] ?? 0) + 1
    }
  }
  const clients = Array.from({ length: 8 }, client)
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(clients)
      agent.destroy()
      return { sent, failed, byVersion, meanScore: Number.NaN, lateRate: Number.NaN }
    },
  }
}
