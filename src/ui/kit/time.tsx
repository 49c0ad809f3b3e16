import { createContext, use, useEffect, useState, type ReactNode } from 'react'
import { formatAgo, formatDuration, formatTime } from './format.ts'

const NowContext = createContext<number>(Date.now())

/** One clock for the page, so that all times tick together. */
export function NowProvider({ children }: { children: ReactNode }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return <NowContext value={now}>{children}</NowContext>
}

export function useNow(): number {
  return use(NowContext)
}

/** `3 min ago`, with the time of day in the tooltip. */
export function Ago({ time }: { time: number }) {
  const now = useNow()
  return (
    <time dateTime={new Date(time).toISOString()} title={formatTime(time)}>
      {formatAgo(time, now)}
    </time>
  )
}

/** How long something took, or takes so far. */
export function Took({ from, to }: { from: number | null | undefined; to: number | null | undefined }) {
  const now = useNow()
  if (from === null || from === undefined) return '–'
  const end = to ?? Math.max(now, from)
  // Whole seconds while it runs: tenths that jump tell nothing.
  const shown = to === null || to === undefined ? Math.floor((end - from) / 1000) * 1000 : end - from
  return formatDuration(shown)
}
