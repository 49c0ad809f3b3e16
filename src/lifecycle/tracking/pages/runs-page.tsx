import { useState } from 'react'
import { useCall } from '#ui/api/use-call'
import { Button, SearchField } from '#ui/kit/controls'
import { DataTable, type TableColumn } from '#ui/kit/data-table'
import { formatNumber, metricTitle } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Panel } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { toneOf } from '#ui/kit/tone'
import { Ago, Took } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link, useRouter, useSearchField } from '#ui/router/router'
import { type RunDocument, trackingContract } from '../contract.ts'
import {
  isRunning,
  matchesSearch,
  metricOf,
  parameterKeys,
  pollRunningMs,
  statusWord,
  tableMetricKeys,
} from './run-facts.ts'

const shownRuns = 200
/** More columns than this hide more than they show; a run's page has all of them. */
const metricColumns = 7
const parameterColumns = 6

export function RunsPage() {
  const query = useCall(
    trackingContract.listRuns,
    { limit: shownRuns },
    { pollMs: (answer) => (answer?.items.some(isRunning) === true ? pollRunningMs : undefined) },
  )
  return (
    <>
      <PageHeader title="Runs" />
      <Answered query={query}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Panel title="No runs yet">
              <EmptyState
                title="Every training is recorded here, with what went in and what came out."
                command="devmlops run train"
              >
                Scripts that log with MLflow land here too: set MLFLOW_TRACKING_URI to this address.
              </EmptyState>
            </Panel>
          ) : (
            <RunTable runs={items} hasMore={next !== undefined} />
          )
        }
      </Answered>
    </>
  )
}

function RunTable({ runs, hasMore }: { runs: readonly RunDocument[]; hasMore: boolean }) {
  const [search, setSearch] = useSearchField('search')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const { go } = useRouter()
  const found = runs.filter((run) => matchesSearch(run, search))
  const toggle = (id: string): void => setChosen((before) => before.symmetricDifference(new Set([id])))
  const compare = (): void => go(`${places.compareRuns.to({})}?runs=${[...chosen].join(',')}`)
  return (
    <Panel
      flush
      title={
        <SearchField
          label="Search runs"
          placeholder="Name, parameter=value, tag"
          value={search}
          onChange={setSearch}
        />
      }
      aside={
        <>
          <span>
            {found.length} of {hasMore ? `the newest ${runs.length}` : runs.length}
          </span>{' '}
          <Button onClick={compare} disabled={chosen.size < 2}>
            {chosen.size < 2 ? 'Compare' : `Compare ${chosen.size}`}
          </Button>
        </>
      }
    >
      <DataTable
        caption="Runs"
        columns={runColumns(found, chosen, toggle)}
        rows={found}
        rowKey={({ id }) => id}
        initialSort={{ key: 'started', direction: 'descending' }}
        maximumHeight={640}
        isSelected={({ id }) => chosen.has(id)}
      />
      {found.length === 0 ? (
        <EmptyState title={`No run matches “${search}”.`}>
          All words must occur in its name, id, parameters or tags.
        </EmptyState>
      ) : null}
    </Panel>
  )
}

function runColumns(
  runs: readonly RunDocument[],
  chosen: ReadonlySet<string>,
  toggle: (id: string) => void,
): TableColumn<RunDocument>[] {
  const metrics = tableMetricKeys(runs).slice(0, metricColumns)
  const parameters = parameterKeys(runs).differing.slice(0, parameterColumns)
  return [
    {
      key: 'chosen',
      title: <span className="visually-hidden">Compare</span>,
      cell: ({ id, name }) => (
        <input
          type="checkbox"
          aria-label={`Compare ${name}`}
          checked={chosen.has(id)}
          onChange={() => toggle(id)}
        />
      ),
    },
    {
      key: 'name',
      title: 'Run',
      cell: ({ id, name }) => <Link href={places.run.to({ runId: id })}>{name}</Link>,
      sortBy: ({ name }) => name,
    },
    {
      key: 'status',
      title: 'Status',
      cell: (run) => <StateMark tone={toneOf(run.status)}>{statusWord(run)}</StateMark>,
      sortBy: ({ status }) => status,
    },
    {
      key: 'started',
      title: 'Started',
      numeric: true,
      cell: ({ startedAt }) => (startedAt === null ? '–' : <Ago time={startedAt} />),
      sortBy: ({ startedAt }) => startedAt,
    },
    {
      key: 'took',
      title: 'Took',
      numeric: true,
      cell: ({ startedAt, endedAt }) => <Took from={startedAt} to={endedAt} />,
      sortBy: ({ startedAt, endedAt }) =>
        startedAt === null || endedAt === null ? undefined : endedAt - startedAt,
    },
    ...metrics.map((key): TableColumn<RunDocument> => ({
      key: `metric ${key}`,
      title: metricTitle(key),
      hint: key,
      numeric: true,
      cell: (run) => formatNumber(metricOf(run, key)),
      sortBy: (run) => metricOf(run, key),
    })),
    ...parameters.map((key): TableColumn<RunDocument> => ({
      key: `parameter ${key}`,
      title: key,
      cell: ({ params }) => params[key] ?? '–',
      sortBy: ({ params }) => sortableText(params[key]),
    })),
  ]
}

/** Parameters are text; those that are numbers sort as such. */
function sortableText(text: string | undefined): string | number | undefined {
  return text !== undefined && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}
