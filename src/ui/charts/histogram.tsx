import styles from './charts.module.css'

export interface HistogramCell {
  /** 0 to 1 along the width; a cell of a quantile histogram is as wide as its range. */
  readonly from: number
  readonly to: number
  readonly height: number
  readonly quiet?: boolean
  readonly title?: string
}

/** A distribution as small as a word. */
export function Histogram({
  label,
  cells,
  width = 132,
  height = 26,
}: {
  label: string
  cells: readonly HistogramCell[]
  width?: number
  height?: number
}) {
  const tallest = Math.max(...cells.map((cell) => cell.height), Number.MIN_VALUE)
  return (
    <svg width={width} height={height} role="img" aria-label={label} style={{ display: 'block' }}>
      <line className={styles['axis']} x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />
      {cells.map((cell) => {
        const tall = (cell.height / tallest) * (height - 2)
        return (
          <rect
            key={cell.from}
            className={cell.quiet === true ? styles['barQuiet'] : styles['bar']}
            x={cell.from * width + 0.5}
            width={Math.max(1, (cell.to - cell.from) * width - 1)}
            y={height - 1 - tall}
            height={tall}
          >
            {cell.title === undefined ? null : <title>{cell.title}</title>}
          </rect>
        )
      })}
    </svg>
  )
}
