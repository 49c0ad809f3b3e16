import { formatNumber, formatShare } from '#ui/kit/format'
import { EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import type { ColumnDiff, Diff } from '../diff/diff.ts'
import styles from './diff.module.css'
import { OverlaidHistogram } from './overlaid-histogram.tsx'

/** Lewis (1994) and credit scoring since: below 0.1 stable, above 0.25 another population. */
const psiLevels = { moved: 0.1, changed: 0.25 } as const

/** Both versions of every column in one plot, the largest distance first. */
export function DiffDistributions({ diff: { from, to, columns } }: { diff: Diff }) {
  return (
    <Panel
      title="Distributions"
      note="The largest distance first. PSI: below 0.1 is stable, above 0.25 is another population. Shares of the values of each version."
      aside={
        <span className={styles['legend']}>
          <i className={styles['swatchBefore']} /> v{from.version}
          <i className={styles['swatchAfter']} /> v{to.version}
        </span>
      }
    >
      {columns.length === 0 ? (
        <EmptyState title="The two versions have no column in common." />
      ) : (
        <ul className={styles['cards']}>
          {columns.map((column) => (
            <li key={column.column} className={styles['card']}>
              <h3>
                <span title={column.column}>{column.column}</span> <PsiBadge column={column} />
              </h3>
              <OverlaidHistogram column={column} />
              <p className={styles['numbers']}>
                <span>PSI {formatNumber(column.psi)}</span>
                <span>JS distance {formatNumber(column.jensenShannon)}</span>
                <span>{missingText(column)}</span>
              </p>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function missingText({ missing: { from, to } }: ColumnDiff): string {
  if (from === 0 && to === 0) return 'never missing'
  return from === to ? `missing ${formatShare(to)}` : `missing ${formatShare(from)} → ${formatShare(to)}`
}

function PsiBadge({ column: { psi, exact } }: { column: ColumnDiff }) {
  if (psi === null) return <Badge>not compared</Badge>
  const title = exact ? undefined : 'Counted in different cells, so the figures are near, not exact'
  const [tone, word] =
    psi >= psiLevels.changed
      ? (['bad', 'changed'] as const)
      : psi >= psiLevels.moved
        ? (['warn', 'moved'] as const)
        : (['good', 'stable'] as const)
  return (
    <Badge tone={tone} {...(title === undefined ? {} : { title })}>
      {word}
    </Badge>
  )
}
