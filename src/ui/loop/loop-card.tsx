import type { ReactNode } from 'react'
import { StateMark } from '#ui/kit/state-mark'
import type { Tone } from '#ui/kit/tone'
import { Link } from '#ui/router/router'
import styles from './loop-card.module.css'

/** One station of the loop: its state, the one number that matters, and what puts it in proportion. */
export function LoopCard({
  title,
  href,
  tone,
  state,
  figure,
  unit,
  lines,
}: {
  title: string
  href: string
  tone: Tone
  state: string
  figure: ReactNode
  /** What the figure counts. */
  unit: string
  lines: readonly ReactNode[]
}) {
  return (
    <Link
      href={href}
      className={`${styles['card']} ${tone === 'busy' ? styles['busy'] : ''} ${tone === 'bad' ? styles['bad'] : ''}`}
    >
      <span className={styles['top']}>
        <span className={styles['title']}>{title}</span>
        <StateMark tone={tone}>{state}</StateMark>
      </span>
      <span className={styles['figure']}>{figure}</span>
      <span className={styles['unit']}>{unit}</span>
      {lines.map((line, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- lines have no identity and never move
        <span key={index} className={styles['line']}>
          {line}
        </span>
      ))}
    </Link>
  )
}

/** A station where nothing has been yet: the command that brings it to life. */
export function EmptyLoopCard({
  title,
  href,
  command,
  unit,
}: {
  title: string
  href: string
  command: string
  unit: string
}) {
  return (
    <LoopCard
      title={title}
      href={href}
      tone="quiet"
      state="Empty"
      figure="–"
      unit={unit}
      lines={[<code key="command">{command}</code>]}
    />
  )
}

export function WaitingLoopCard({ title, href, failure }: { title: string; href: string; failure?: string }) {
  return (
    <LoopCard
      title={title}
      href={href}
      tone={failure === undefined ? 'quiet' : 'warn'}
      state={failure === undefined ? 'Loading' : 'No answer'}
      figure="–"
      unit={failure ?? ''}
      lines={[]}
    />
  )
}
