import { useCall } from '#ui/api/use-call'
import { Answered } from '#ui/kit/notice'
import { Columns, Panel } from '#ui/kit/panel'
import type { DeploymentView } from '../contract.ts'
import { tryContract } from '../try-contract.ts'
import { SnippetsPanel } from './snippets-panel.tsx'
import { TryPanel } from './try-panel.tsx'

/** How the endpoint is asked: by hand, and from programs. */
export function AskingPanels({ deployment: { name, live, state } }: { deployment: DeploymentView }) {
  const query = useCall(tryContract.form, { name })
  if (query.data === undefined) {
    return (
      <Panel title="Try it" flush>
        <Answered query={query}>{() => null}</Answered>
      </Panel>
    )
  }
  const { model, version } = query.data
  return (
    <Columns>
      <TryPanel
        // Another version may take other fields.
        key={`${model} ${version}`}
        form={query.data}
        isRunning={state === 'active' && live?.ready === true}
      />
      <SnippetsPanel form={query.data} />
    </Columns>
  )
}
