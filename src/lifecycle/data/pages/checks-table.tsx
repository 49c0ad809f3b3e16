import { DataTable } from '#ui/kit/data-table'
import { formatCount } from '#ui/kit/format'
import { Badge } from '#ui/kit/state-mark'
import type { CheckResult } from '../checks/validation.ts'

/** What had to hold and what was found; what did not hold comes first. */
export function ChecksTable({ checks }: { checks: readonly CheckResult[] }) {
  const sorted = checks.toSorted(
    (left, right) => Number(left.outcome === 'pass') - Number(right.outcome === 'pass'),
  )
  return (
    <DataTable
      caption="Checks"
      rows={sorted}
      rowKey={({ expected }) => expected}
      columns={[
        {
          key: 'outcome',
          title: 'Outcome',
          cell: ({ outcome, severity }) => <Badge tone={toneOf(outcome, severity)}>{outcome}</Badge>,
        },
        {
          key: 'expected',
          title: 'Expected',
          wide: true,
          cell: ({ expected, why }) => (
            <span title={why} style={{ whiteSpace: 'normal' }}>
              {expected}
            </span>
          ),
        },
        {
          key: 'found',
          title: 'Found',
          wide: true,
          cell: ({ found }) => <span style={{ whiteSpace: 'normal' }}>{found}</span>,
        },
        {
          key: 'unexpected',
          title: 'Rows at fault',
          numeric: true,
          cell: ({ unexpected }) => formatCount(unexpected),
        },
      ]}
    />
  )
}

function toneOf(outcome: CheckResult['outcome'], severity: CheckResult['severity']): 'good' | 'warn' | 'bad' {
  if (outcome === 'pass') return 'good'
  return severity === 'fail' || severity === 'quarantine' ? 'bad' : 'warn'
}
