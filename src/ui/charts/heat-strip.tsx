import styles from './charts.module.css'

export interface HeatCell {
  readonly key: string
  /** 1 is the threshold. Undefined: not known. */
  readonly heat: number | undefined
  readonly text: string
  readonly title: string
  readonly isOver: boolean
}

/** Rows of cells over time; the warmer, the nearer to the threshold; framed and bold beyond it. */
export function HeatStrip({
  caption,
  columns,
  rows,
}: {
  caption: string
  columns: readonly { readonly key: string; readonly title: string }[]
  rows: readonly { readonly name: string; readonly cells: readonly HeatCell[] }[]
}) {
  return (
    <table className={styles['heat']}>
      <caption className="visually-hidden">{caption}</caption>
      <colgroup>
        <col style={{ width: 112 }} />
      </colgroup>
      <thead>
        <tr>
          <td style={{ background: 'none' }} />
          {columns.map(({ key, title }) => (
            <th key={key} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, cells }) => (
          <tr key={name}>
            <th scope="row" title={name}>
              {name}
            </th>
            {cells.map(({ key, heat, text, title, isOver }) => (
              <td
                key={key}
                title={title}
                className={heat === undefined ? styles['unknown'] : isOver ? styles['over'] : undefined}
                style={heat === undefined ? undefined : { background: groundOf(heat) }}
              >
                {text}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function groundOf(heat: number): string {
  const share = Math.min(1, heat) * 46
  return `color-mix(in oklab, var(${heat >= 1 ? '--bad' : '--ember'}) ${share.toFixed(0)}%, var(--surface-sunken))`
}
