import { useQueryClient } from '@tanstack/react-query'
import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react'
import { useApi } from './api-provider.tsx'
import { newsSchema, takeMessages, type News } from './event-stream.ts'

export type Connection = 'connecting' | 'live' | 'away'

interface Live {
  readonly connection: Connection
  /** What happened since the page was opened, newest first. */
  readonly news: readonly News[]
}

const LiveContext = createContext<Live>({ connection: 'connecting', news: [] })

const keptNews = 60
/** A burst of events (a hundred runs that finish) asks the server once, not a hundred times. */
const settleMs = 400
const shortestRetryMs = 1000
const longestRetryMs = 10_000

/**
 * Listens to the server's events and makes every shown answer fresh when something happened. All of them rather than
 * those of one noun: few are shown at a time, and one event often changes several (a promotion: model, endpoint, loop).
 */
export function LiveProvider({ children }: { children: ReactNode }) {
  const { token } = useApi()
  const queries = useQueryClient()
  const [connection, setConnection] = useState<Connection>('connecting')
  const [news, setNews] = useState<readonly News[]>([])

  useEffect(() => {
    const stop = new AbortController()
    let settling: ReturnType<typeof setTimeout> | undefined
    const refresh = (): void => {
      settling ??= setTimeout(() => {
        settling = undefined
        void queries.invalidateQueries()
      }, settleMs)
    }
    const receive = (text: string): void => {
      const parsed = newsSchema.safeParse(JSON.parse(text))
      if (!parsed.success) return
      setNews((before) => [parsed.data, ...before].slice(0, keptNews))
      refresh()
    }
    const listen = async (): Promise<void> => {
      let retryMs = shortestRetryMs
      while (!stop.signal.aborted) {
        try {
          await readStream(token, stop.signal, {
            opened: () => {
              retryMs = shortestRetryMs
              setConnection('live')
              refresh()
            },
            receive,
          })
        } catch {
          // Whatever went wrong, the answer is the same: say so, wait, try again.
        }
        if (stop.signal.aborted) return
        setConnection('away')
        await new Promise((resolve) => setTimeout(resolve, retryMs))
        retryMs = Math.min(retryMs * 2, longestRetryMs)
      }
    }
    void listen()
    return () => {
      stop.abort()
      clearTimeout(settling)
    }
  }, [token, queries])

  const live = useMemo(() => ({ connection, news }), [connection, news])
  return <LiveContext value={live}>{children}</LiveContext>
}

export function useLive(): Live {
  return use(LiveContext)
}

/** By fetch rather than EventSource, which cannot send a token. */
async function readStream(
  token: string | undefined,
  signal: AbortSignal,
  on: { opened(): void; receive(message: string): void },
): Promise<void> {
  const headers: Record<string, string> = { accept: 'text/event-stream' }
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  const response = await fetch('/api/v1/live', { headers, signal })
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`)
  on.opened()
  let text = ''
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const { messages, rest } = takeMessages(text + value)
    text = rest
    for (const message of messages) on.receive(message)
  }
}
