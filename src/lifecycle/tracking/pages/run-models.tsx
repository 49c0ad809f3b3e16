import { useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { DataTable } from '#ui/kit/data-table'
import { Panel } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import { toneOf } from '#ui/kit/tone'
import { loggedModelContract, type LoggedModelDocument } from '../logged-model-contract.ts'

/** Models that the run logged, with the address by which clients load them. Most runs have none: then nothing is shown. */
export function RunModels({ runId }: { runId: string }) {
  const { data } = useCall(loggedModelContract.listLoggedModels, { runId })
  if (data === undefined || data.items.length === 0) return null
  return (
    <Panel title="Models" flush aside={data.items.length}>
      <DataTable
        caption="Models that this run logged"
        rows={data.items}
        rowKey={({ id }) => id}
        columns={[
          { key: 'name', title: 'Model', wide: true, cell: ({ name }) => name },
          {
            key: 'status',
            title: 'Status',
            cell: ({ status }) => <StateMark tone={toneOf(status)}>{words[status]}</StateMark>,
          },
          {
            key: 'uri',
            title: 'URI',
            cell: ({ id }) => <Copyable text={`models:/${id}`} short={`models:/${id.slice(0, 10)}…`} />,
          },
          { key: 'time', title: 'Logged', numeric: true, cell: ({ createdAt }) => <Ago time={createdAt} /> },
        ]}
      />
    </Panel>
  )
}

const words: Readonly<Record<LoggedModelDocument['status'], string>> = {
  PENDING: 'Uploading',
  READY: 'Ready',
  FAILED: 'Upload failed',
}
