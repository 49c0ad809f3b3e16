import type { Window } from './findings.ts'

/** Monday, so that windows of whole weeks are calendar weeks and windows of whole days are days, all in UTC. */
const originMs = Date.UTC(1970, 0, 5)

/** The window that a time belongs to. Windows of one length tile all time without gap or overlap. */
export function windowAt(timeMs: number, lengthMs: number): Window {
  const startMs = originMs + Math.floor((timeMs - originMs) / lengthMs) * lengthMs
  return { start: new Date(startMs).toISOString(), end: new Date(startMs + lengthMs).toISOString() }
}

/**
 * The windows from the one that holds `fromMs` up to the last that ended by `watermarkMs`, the time up to which the stream is
 * known to be complete. A window that still runs is not among them: half a week has other weekdays than a whole one.
 */
export function closedWindows(fromMs: number, watermarkMs: number, lengthMs: number): Window[] {
  const windows: Window[] = []
  for (let at = fromMs; ; at += lengthMs) {
    const window = windowAt(at, lengthMs)
    if (Date.parse(window.end) > watermarkMs) return windows
    windows.push(window)
  }
}
