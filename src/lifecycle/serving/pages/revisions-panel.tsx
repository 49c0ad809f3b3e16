import { useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { actorName } from '#ui/kit/format'
import { DataTable } from '#ui/kit/data-table'
import { Answered } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { Ago } from '#ui/kit/time'
import { type Revision, servingContract } from '../contract.ts'
import { variantsText } from './deployment-facts.ts'

/** Every change of what answers, who made it, and the command that goes back to it. */
export function RevisionsPanel({ name, current }: { name: string; current: number }) {
  const query = useCall(servingContract.revisions, { name })
  return (
    <Panel title="Revisions" note="To go back, copy the command of a revision that was good." flush>
      <Answered query={query}>
        {({ items }) => (
          <DataTable
            caption="Revisions, newest first"
            rows={items}
            rowKey={({ revision }) => String(revision)}
            maximumHeight={300}
            columns={[
              { key: 'revision', title: '#', numeric: true, cell: ({ revision }) => revision },
              {
                key: 'variants',
                title: 'Answers',
                cell: (revision) => (revision.state === 'stopped' ? 'stopped' : variantsText(revision)),
              },
              {
                key: 'reason',
                title: 'Why',
                wide: true,
                cell: (revision) => <span title={whyText(revision)}>{whyText(revision)}</span>,
              },
              { key: 'actor', title: 'By', cell: ({ actor }) => actorName(actor) },
              { key: 'time', title: 'When', numeric: true, cell: ({ time }) => <Ago time={time} /> },
              {
                key: 'back',
                title: 'Go back',
                cell: ({ revision, state, answered }) =>
                  revision === current ? (
                    'is now'
                  ) : state === 'stopped' || !answered ? (
                    '–'
                  ) : (
                    <Copyable
                      text={`devmlops rollback ${name} --to ${revision}`}
                      short={`rollback --to ${revision}`}
                    />
                  ),
              },
            ]}
          />
        )}
      </Answered>
    </Panel>
  )
}

function whyText({ reason, answered, restored }: Revision): string {
  return [
    reason,
    answered ? undefined : 'it never answered',
    restored === undefined ? undefined : `as revision ${restored}`,
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('; ')
}
