import { useId, type ReactNode } from 'react'
import styles from './panel.module.css'

/** A titled part of a page, and a landmark for those who do not see it. */
export function Panel({
  title,
  aside,
  note,
  flush = false,
  children,
}: {
  title: ReactNode
  /** At the right of the title: a count, a control. */
  aside?: ReactNode
  /** One sentence under the title: how to read what follows. */
  note?: ReactNode
  /** No padding: the content reaches the edges, as a table does. */
  flush?: boolean
  children: ReactNode
}) {
  const id = useId()
  return (
    <section className={styles['panel']} aria-labelledby={id}>
      <header className={styles['header']}>
        <h2 id={id}>{title}</h2>
        {aside === undefined ? null : <div className={styles['aside']}>{aside}</div>}
        {note === undefined ? null : <p className={styles['note']}>{note}</p>}
      </header>
      <div className={flush ? styles['flush'] : styles['body']}>{children}</div>
    </section>
  )
}

/** Panels side by side where there is room, below each other where there is not. */
export function Columns({
  children,
  widths = 'equal',
}: {
  children: ReactNode
  widths?: 'equal' | 'wide-narrow'
}) {
  return <div className={widths === 'equal' ? styles['equal'] : styles['wideNarrow']}>{children}</div>
}

export function Stack({ children }: { children: ReactNode }) {
  return <div className={styles['stack']}>{children}</div>
}
