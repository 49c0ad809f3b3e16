import type { ReactNode } from 'react'
import styles from './charts.module.css'

/** A number with a bar that compares it to the others of its column. @param share of the largest, 0 to 1 */
export function ValueBar({
  share,
  color = '--series-1',
  children,
}: {
  share: number
  color?: string
  children: ReactNode
}) {
  return (
    <span className={styles['valueBar']}>
      <i aria-hidden="true">
        <i style={{ width: `${Math.min(100, Math.max(0, share * 100))}%`, background: `var(${color})` }} />
      </i>
      <span>{children}</span>
    </span>
  )
}
