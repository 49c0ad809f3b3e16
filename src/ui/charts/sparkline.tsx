import { formatNumber } from '#ui/kit/format'
import { linearScale } from './scale.ts'
import styles from './charts.module.css'

const height = 26
const width = 120

/** The course of one number, as large as a word; it stands beside the number, which says how high it is now. */
export function Sparkline({ label, values }: { label: string; values: readonly number[] }) {
  if (values.length < 2) return <span className={styles['spark']} aria-hidden="true" />
  const highest = Math.max(...values)
  const x = linearScale([0, values.length - 1], [1, width - 2])
  // From zero: a line that never moves much must not look like one that jumps.
  const y = linearScale([0, highest === 0 ? 1 : highest], [height - 2, 2])
  const line = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join('L')
  return (
    <svg
      className={styles['spark']}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: now ${formatNumber(values.at(-1))}, highest ${formatNumber(highest)}`}
    >
      <path d={`M${line}L${x(values.length - 1)},${height - 1}L${x(0)},${height - 1}Z`} opacity={0.14} />
      <path d={`M${line}`} className={styles['sparkLine']} />
    </svg>
  )
}
