import type { ReactNode } from 'react'
import styles from './loop-ring.module.css'

/**
 * Eight stations on a track: the upper row reads to the right, the lower one to the left, and the track closes. In the
 * document they stand in the order of the loop, which is how they are read aloud.
 */
export function LoopRing({ stations, children }: { stations: readonly ReactNode[]; children: ReactNode }) {
  return (
    <div className={styles['ring']}>
      <svg className={styles['track']} aria-hidden="true">
        <rect className={styles['rail']} rx="34" />
        <rect className={styles['flow']} rx="34" pathLength="240" />
      </svg>
      <ol className={styles['stations']}>
        {stations.map((station, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- stations have fixed places
          <li key={index}>{station}</li>
        ))}
      </ol>
      <div className={styles['center']}>{children}</div>
    </div>
  )
}
