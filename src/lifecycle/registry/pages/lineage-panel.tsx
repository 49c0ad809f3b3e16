import type { ReactNode } from 'react'
import { Copyable } from '#ui/kit/command'
import { Facts } from '#ui/kit/facts'
import { shortDigest, versionLabel } from '#ui/kit/format'
import { Panel } from '#ui/kit/panel'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import type { Trace } from '../contract.ts'
import { ShortCommit } from './model-page.tsx'

/** Everything that the version was made of: enough to make it again. */
export function LineagePanel({ trace: { version, run } }: { trace: Trace }) {
  const { datasets, parameters, code, pipeline, environment } = version.lineage
  const { source, flavors, stage } = version
  const items: (readonly [string, ReactNode])[] = [
    ...(source === null
      ? []
      : [['source, by MLflow', <Copyable key="source" text={source} short={source} />] as const]),
    ...(flavors.length === 0 ? [] : [['flavours', flavors.join(', ')] as const]),
    ...(stage === 'None' ? [] : [['stage', stage] as const]),
    ...datasets.map(
      ({ name, version: datasetVersion, digest, role }) =>
        [
          role ?? 'data',
          <span key={digest}>
            {name}
            {datasetVersion === '' ? '' : `@${versionLabel(datasetVersion)}`} ·{' '}
            <Copyable text={digest} short={shortDigest(digest)} />
          </span>,
        ] as const,
    ),
    [
      'code',
      code?.commit == null ? (
        'not in a Git repository'
      ) : (
        <span key="code">
          <ShortCommit commit={code.commit} /> {code.dirty ? 'with changes' : ''}
        </span>
      ),
    ],
  ]
  if (pipeline !== undefined) {
    items.push([
      'pipeline',
      <Link key="pipeline" href={places.pipelineRun.to({ runId: pipeline.runId })}>
        {pipeline.name} <code>{pipeline.runId.slice(-8)}</code>
      </Link>,
    ])
  }
  if (run !== null) {
    items.push([
      'run',
      <Link key="run" href={places.run.to({ runId: run.id })}>
        {run.name}
      </Link>,
    ])
  }
  for (const [name, value] of Object.entries(parameters)) items.push([name, <code key={name}>{value}</code>])
  for (const [name, value] of Object.entries(environment)) items.push([name, <code key={name}>{value}</code>])
  return (
    <Panel title="Lineage">
      <Facts items={items} />
    </Panel>
  )
}
