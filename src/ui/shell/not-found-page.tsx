import { PageHeader } from '#ui/kit/page-header'
import { Panel } from '#ui/kit/panel'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'

export function NotFoundPage({ path }: { path: string }) {
  return (
    <>
      <PageHeader title="Nothing is here" />
      <Panel title="404">
        <p>
          No page has the address <code>{path}</code>. It may be misspelt, or what it showed has another name
          now.
        </p>
        <p>
          <Link href={places.loop.to({})}>Go to the loop</Link>
        </p>
      </Panel>
    </>
  )
}
