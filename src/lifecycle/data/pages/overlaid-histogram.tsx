import { formatShare } from '#ui/kit/format'
import type { ColumnDiff } from '../diff/diff.ts'
import { barTitle, pairedBars, type PairedBar } from './column-bars.ts'
import styles from './overlaid-histogram.module.css'

const height = 84
const top = 4

/** Both versions of a column in one plot: the one before filled, the one after as an outline over it. */
export function OverlaidHistogram({ column }: { column: ColumnDiff }) {
  const bars = pairedBars(column.from, column.to)
  if (bars.length === 0) return <p>{whyEmpty(column)}</p>
  return column.to.values.kind === 'number' ? (
    <NumberPlot column={column.column} bars={bars} />
  ) : (
    <NamePlot bars={bars} />
  )
}

function whyEmpty({ from, to }: ColumnDiff): string {
  if (from.masked !== undefined || to.masked !== undefined) return 'Not shown: the column has a class.'
  if (from.values.kind !== to.values.kind) return 'The two versions hold different kinds of values.'
  return from.values.count === 0 || to.values.count === 0
    ? 'One of the versions has no values.'
    : 'Too many different values to draw.'
}

function NumberPlot({ column, bars }: { column: string; bars: readonly PairedBar[] }) {
  const tallest = Math.max(...bars.flatMap(({ before, after }) => [before, after]), Number.MIN_VALUE)
  const y = (share: number): number => height - 1 - (share / tallest) * (height - top - 1)
  const outline = bars.map(({ after }, index) => `L${index} ${y(after)} L${index + 1} ${y(after)}`).join(' ')
  const [first, last] = [bars[0], bars.at(-1)]
  return (
    <figure className={styles['figure']}>
      <svg
        className={styles['plot']}
        viewBox={`0 0 ${bars.length} ${height}`}
        height={height}
        preserveAspectRatio="none"
        role="img"
        aria-label={`How the values of ${column} are spread before and after`}
      >
        {bars.map((bar, index) => (
          <rect
            key={bar.name}
            className={styles['before']}
            x={index + 0.04}
            width={0.92}
            y={y(bar.before)}
            height={height - 1 - y(bar.before)}
          />
        ))}
        <path className={styles['after']} d={`M0 ${height - 1} ${outline} L${bars.length} ${height - 1}`} />
        <line className={styles['axis']} x1={0} x2={bars.length} y1={height - 0.5} y2={height - 0.5} />
        {bars.map((bar, index) => (
          <rect key={bar.name} x={index} width={1} y={0} height={height} fill="transparent">
            <title>{barTitle(bar)}</title>
          </rect>
        ))}
      </svg>
      <figcaption className={styles['ends']}>
        <span>{first?.name.split(' to ')[0]}</span>
        <span>{last?.name.split(' to ').at(-1)}</span>
      </figcaption>
    </figure>
  )
}

/** Names have no order and no width, so each has a line: its bar, and the share before and after. */
function NamePlot({ bars }: { bars: readonly PairedBar[] }) {
  const widest = Math.max(...bars.flatMap(({ before, after }) => [before, after]), Number.MIN_VALUE)
  return (
    <ul className={styles['names']}>
      {bars.map((bar) => (
        <li key={bar.name} title={barTitle(bar)}>
          <span>{bar.name === '' ? '(empty)' : bar.name}</span>
          <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
            <rect className={styles['before']} x={0} y={1} height={10} width={(bar.before / widest) * 99} />
            <rect className={styles['after']} x={0.4} y={2.5} height={7} width={(bar.after / widest) * 99} />
          </svg>
          <span>
            {formatShare(bar.before)} → {formatShare(bar.after)}
          </span>
        </li>
      ))}
    </ul>
  )
}
