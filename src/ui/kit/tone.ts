/** What a state means to a person who looks at it: fine, look, act, wait, or nothing. */
export type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'quiet'

const tones: Readonly<Record<string, Tone>> = {
  queued: 'quiet',
  pending: 'quiet',
  scheduled: 'quiet',
  skipped: 'quiet',
  cancelled: 'quiet',
  killed: 'quiet',
  stopped: 'quiet',
  unknown: 'quiet',
  resolved: 'quiet',
  running: 'busy',
  started: 'busy',
  succeeded: 'good',
  finished: 'good',
  passed: 'good',
  cached: 'good',
  valid: 'good',
  active: 'good',
  ready: 'good',
  clean: 'good',
  warn: 'warn',
  failed: 'bad',
  rejected: 'bad',
  firing: 'bad',
  breached: 'bad',
}

/** The tone of a state that any stage names. */
export function toneOf(state: string): Tone {
  return tones[state.toLowerCase()] ?? 'quiet'
}
