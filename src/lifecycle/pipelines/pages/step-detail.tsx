import { DownloadLink } from '#ui/api/download-link'
import { downloadAddress, useDownloadedText } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { DataTable } from '#ui/kit/data-table'
import { formatBytes, formatCount, shortDigest } from '#ui/kit/format'
import { Panel, Stack } from '#ui/kit/panel'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { type PipelineRunDetail, pipelinesContract, type StepRunView } from '../contract.ts'
import { RunFailure } from './run-failure.tsx'
import { pollRunningMs } from './run-state.ts'
import styles from './step-detail.module.css'

const shownLogLines = 200

/** One step of a run: why it ran or did not, what went in and came out, what it printed. */
export function StepDetail({ run, step }: { run: PipelineRunDetail; step: StepRunView }) {
  return (
    <Stack>
      <Panel title={`Why ${step.step} ${step.state === 'cached' ? 'was not run again' : 'ran'}`}>
        {step.failure === undefined ? null : <RunFailure failure={step.failure} />}
        <ul className={styles['reasons']}>
          {step.reasons.length === 0 ? (
            <li>It has not been decided yet.</li>
          ) : (
            step.reasons.map((reason) => <li key={reason}>{reason}</li>)
          )}
          {step.cachedFrom === undefined || step.cachedFrom === run.id ? null : (
            <li>
              Its outputs are those of run{' '}
              <Link href={places.pipelineRun.to({ runId: step.cachedFrom })}>
                <code>{step.cachedFrom.slice(-8)}</code>
              </Link>
              .
            </li>
          )}
        </ul>
      </Panel>
      {step.inputs.length === 0 ? null : (
        <Panel title="Inputs" flush>
          <DataTable
            caption={`Inputs of ${step.step}`}
            rows={step.inputs}
            rowKey={({ name }) => name}
            columns={[
              { key: 'name', title: 'Input', cell: ({ name }) => name },
              {
                key: 'label',
                title: 'Was',
                wide: true,
                cell: ({ label, reference }) => <span title={reference}>{label}</span>,
              },
              {
                key: 'digest',
                title: 'Digest',
                cell: ({ digest }) => <Copyable text={digest} short={shortDigest(digest)} />,
              },
            ]}
          />
        </Panel>
      )}
      {step.outputs.length === 0 ? null : (
        <Panel title="Outputs" flush>
          <DataTable
            caption={`Outputs of ${step.step}`}
            rows={step.outputs}
            rowKey={({ name }) => name}
            columns={[
              {
                key: 'name',
                title: 'Output',
                wide: true,
                cell: ({ name, kind, fileName }) => (
                  <DownloadLink
                    href={downloadAddress(pipelinesContract.output, {
                      runId: run.id,
                      step: step.step,
                      output: name,
                    })}
                    fileName={fileName ?? (kind === 'table' ? `${name}.parquet` : name)}
                  >
                    {name}
                  </DownloadLink>
                ),
              },
              { key: 'kind', title: 'Kind', cell: ({ kind }) => kind },
              { key: 'rows', title: 'Rows', numeric: true, cell: ({ rows }) => formatCount(rows) },
              { key: 'size', title: 'Size', numeric: true, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
              {
                key: 'digest',
                title: 'Digest',
                cell: ({ digest }) => <Copyable text={digest} short={shortDigest(digest)} />,
              },
            ]}
          />
        </Panel>
      )}
      <StepLog run={run} step={step} />
    </Stack>
  )
}

function StepLog({ run, step }: { run: PipelineRunDetail; step: StepRunView }) {
  const isLive = step.state === 'running'
  const hasRun = isLive || step.state === 'succeeded' || step.state === 'failed' || step.state === 'cancelled'
  const input = { runId: run.id, step: step.step }
  const { data } = useDownloadedText(pipelinesContract.stepLog, input, {
    enabled: hasRun,
    ...(isLive ? { pollMs: pollRunningMs } : {}),
  })
  if (!hasRun) return null
  const lines =
    data
      ?.trimEnd()
      .split('\n')
      .filter((line) => line !== '') ??
    step.logTail ??
    []
  return (
    <Panel
      title="Log"
      note={
        lines.length > shownLogLines
          ? `The last ${shownLogLines} of ${formatCount(lines.length)} lines`
          : undefined
      }
      aside={
        <DownloadLink href={downloadAddress(pipelinesContract.stepLog, input)} fileName={`${step.step}.log`}>
          Download
        </DownloadLink>
      }
    >
      {lines.length === 0 ? (
        <p>It has printed nothing{isLive ? ' yet' : ''}.</p>
      ) : (
        // A region that scrolls must be reachable by keyboard (WCAG 2.1.1).
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <pre className={styles['log']} tabIndex={0} aria-label={`Log of ${step.step}`}>
          {lines.slice(-shownLogLines).join('\n')}
        </pre>
      )}
    </Panel>
  )
}
