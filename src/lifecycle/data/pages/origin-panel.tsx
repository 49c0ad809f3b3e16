import { useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { Facts } from '#ui/kit/facts'
import { shortDigest } from '#ui/kit/format'
import { Panel } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { dataContract } from '../contract.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'

/** Where a version came from, what made it, and what it is called. */
export function OriginPanel({ version }: { version: DatasetVersion }) {
  const { dataset, digest, code, producedBy } = version
  const { data: tags } = useCall(dataContract.tags, { name: dataset })
  const own = (tags?.items ?? []).filter((tag) => tag.version === version.version)
  return (
    <Panel title="Origin">
      <Facts
        items={[
          ['Digest', <Copyable key="digest" text={digest} short={shortDigest(digest)} />],
          sourceOf(version),
          [
            'Code',
            code === null ? (
              'not in a Git repository'
            ) : (
              <span key="code">
                <Copyable text={code.commit} short={code.commit.slice(0, 10)} />{' '}
                {code.dirty ? 'with changes' : ''}
              </span>
            ),
          ],
          ...(producedBy === null || producedBy === undefined
            ? []
            : [
                [
                  'Made by',
                  <Link key="run" href={places.pipelineRun.to({ runId: producedBy.run })}>
                    {producedBy.pipeline}, step {producedBy.step}
                  </Link>,
                ] as const,
              ]),
          ...(own.length === 0
            ? []
            : [
                [
                  'Tags',
                  <span key="tags">
                    {own.map(({ tag }) => (
                      <Badge key={tag}>{tag}</Badge>
                    ))}
                  </span>,
                ] as const,
              ]),
        ]}
      />
    </Panel>
  )
}

function sourceOf({ source }: DatasetVersion): readonly [string, string] {
  switch (source.kind) {
    case 'files':
      return ['Files', source.paths.join(', ')]
    case 'url':
      return ['URL', source.url]
    case 'folder':
      return ['Folder', source.folder]
    case 's3':
      return ['S3', source.objects.join(', ')]
    case 'query':
      return ['Query', `${source.query} (${source.engine}, ${source.database})`]
    case 'server':
      return ['Server', `${source.url}, ${source.dataset}@${source.version}`]
    case 'push':
      return ['Pushed', source.file]
    case 'quarantine':
      return ['Quarantine', `of ${source.versions.map((each) => `v${each}`).join(', ')}`]
  }
}
