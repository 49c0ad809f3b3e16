import { useCall } from '#ui/api/use-call'
import { actorName } from '#ui/kit/format'
import { DataTable } from '#ui/kit/data-table'
import { Answered } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { Ago } from '#ui/kit/time'
import { servingContract } from '../contract.ts'
import { variantsText } from './deployment-facts.ts'

/** Every change of what answers, and who made it. */
export function RevisionsPanel({ name }: { name: string }) {
  const query = useCall(servingContract.revisions, { name })
  return (
    <Panel title="Revisions" flush>
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
                title: 'Reason',
                wide: true,
                cell: ({ reason }) => <span title={reason}>{reason}</span>,
              },
              { key: 'actor', title: 'By', cell: ({ actor }) => actorName(actor) },
              { key: 'time', title: 'When', numeric: true, cell: ({ time }) => <Ago time={time} /> },
            ]}
          />
        )}
      </Answered>
    </Panel>
  )
}
