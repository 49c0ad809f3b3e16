import type { ReactNode } from 'react'
import styles from './state-mark.module.css'

export type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'quiet'

/** A state as a shape, a colour and a word: none of them carries the meaning alone. */
export function StateMark({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`${styles['mark']} ${styles[tone]}`}>
      <span className={styles['dot']} aria-hidden="true" />
      <span className={styles['word']}>{children}</span>
    </span>
  )
}

/** A short label on a coloured ground: an alias, a role, "cached". */
export function Badge({
  tone = 'quiet',
  title,
  children,
}: {
  tone?: Tone | 'accent'
  title?: string
  children: ReactNode
}) {
  return (
    <span className={`${styles['badge']} ${styles[tone]}`} title={title}>
      {children}
    </span>
  )
}

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
