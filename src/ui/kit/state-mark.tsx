import type { ReactNode } from 'react'
import styles from './state-mark.module.css'
import type { Tone } from './tone.ts'

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
