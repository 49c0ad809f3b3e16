import type { ReactNode } from 'react'
import { formatCount, formatNumber } from '#ui/kit/format'
import { linearScale, paddedExtent } from './scale.ts'
import styles from './charts.module.css'

export interface ForestRow {
  readonly key: string
  readonly name: ReactNode
  readonly n: number
  readonly estimate?: { readonly value: number; readonly low: number; readonly high: number }
  /** Why there is no estimate. */
  readonly missing?: string
  readonly isBad?: boolean
}

const plotWidth = 300
const rowHeight = 20

/** One estimate with its interval per row, on a common axis, with the level of the whole and a floor. */
export function ForestPlot({
  caption,
  valueTitle,
  rows,
  whole,
  floor,
}: {
  caption: string
  valueTitle: string
  rows: readonly ForestRow[]
  whole?: number
  floor?: number
}) {
  const extent = paddedExtent([
    ...rows.flatMap(({ estimate }) => (estimate === undefined ? [] : [estimate.low, estimate.high])),
    whole,
    floor,
  ])
  const x = linearScale(extent, [0, plotWidth])
  return (
    <table className={styles['forest']}>
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Slice</th>
          <th scope="col" className={styles['number']}>
            Rows
          </th>
          <th scope="col" className={styles['number']}>
            {valueTitle}
          </th>
          <th scope="col" className={styles['plot']}>
            95 % interval
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, name, n, estimate, missing, isBad }) => (
          <tr key={key}>
            <th scope="row">{name}</th>
            <td className={styles['number']}>{formatCount(n)}</td>
            <td className={styles['number']} title={missing}>
              {formatNumber(estimate?.value)}
            </td>
            <td className={styles['plot']} title={missing}>
              <svg
                viewBox={`0 0 ${plotWidth} ${rowHeight}`}
                width="100%"
                height={rowHeight}
                preserveAspectRatio="none"
                aria-hidden="true"
              >
                {whole === undefined ? null : (
                  <line
                    className={styles['guide']}
                    x1={x(whole)}
                    x2={x(whole)}
                    y1={0}
                    y2={rowHeight}
                    vectorEffect="non-scaling-stroke"
                  />
                )}
                {floor === undefined ? null : (
                  <line
                    className={styles['threshold']}
                    x1={x(floor)}
                    x2={x(floor)}
                    y1={0}
                    y2={rowHeight}
                    vectorEffect="non-scaling-stroke"
                  />
                )}
                {estimate === undefined ? null : (
                  <g style={{ color: isBad === true ? 'var(--bad)' : 'var(--series-1)' }}>
                    <line
                      x1={x(estimate.low)}
                      x2={x(estimate.high)}
                      y1={rowHeight / 2}
                      y2={rowHeight / 2}
                      stroke="currentcolor"
                      strokeWidth={5}
                      opacity={0.3}
                      vectorEffect="non-scaling-stroke"
                    />
                    <line
                      x1={x(estimate.value)}
                      x2={x(estimate.value)}
                      y1={rowHeight / 2 - 5}
                      y2={rowHeight / 2 + 5}
                      stroke="currentcolor"
                      strokeWidth={3}
                      vectorEffect="non-scaling-stroke"
                    />
                  </g>
                )}
              </svg>
              <span className="visually-hidden">
                {estimate === undefined
                  ? missing
                  : `${formatNumber(estimate.low)} to ${formatNumber(estimate.high)}`}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
