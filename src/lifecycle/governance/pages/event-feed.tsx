import { useCall } from '#ui/api/use-call'
import { useLive } from '#ui/api/live-provider'
import { actorName } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import { Link } from '#ui/router/router'
import { type EventView, governanceContract } from '../contract.ts'
import { eventDetail, eventTone, eventVerb, isDetail, subjectOf } from './event-text.ts'
import styles from './event-feed.module.css'

const shownEvents = 40
/** More than are shown, since details are left out. */
const askedEvents = 150

/** Who did what, when: what the server remembers, and what has come in since, newest first. */
export function EventFeed() {
  const { news } = useLive()
  const query = useCall(governanceContract.events, { limit: askedEvents })
  return (
    <Panel title="What happened" flush>
      <Answered query={query}>
        {({ items }) => {
          const events = merge(news, items)
            .filter((event) => !isDetail(event))
            .slice(0, shownEvents)
          return events.length === 0 ? (
            <EmptyState title="Nothing has happened yet." command="devmlops data add" />
          ) : (
            <ol className={styles['feed']} aria-live="polite" aria-relevant="additions">
              {events.map((event) => (
                <Entry key={event.sequence} event={event} />
              ))}
            </ol>
          )
        }}
      </Answered>
    </Panel>
  )
}

function Entry({ event }: { event: EventView }) {
  const { name, href } = subjectOf(event)
  const detail = eventDetail(event)
  return (
    <li>
      <StateMark tone={eventTone(event)}>
        <span className="visually-hidden">{event.type}</span>
      </StateMark>
      <span className={styles['what']} title={`${event.type} ${event.subject}`}>
        <b title={event.actor}>{actorName(event.actor)}</b> {eventVerb(event)}{' '}
        {href === undefined ? name : <Link href={href}>{name}</Link>}
        {detail === '' ? null : <span className={styles['detail']}> {detail}</span>}
      </span>
      <span className={styles['when']}>
        <Ago time={event.time} />
      </span>
    </li>
  )
}

function merge(fresh: readonly EventView[], kept: readonly EventView[]): EventView[] {
  const known = new Map([...kept, ...fresh].map((event) => [event.sequence, event]))
  return [...known.values()].sort((left, right) => right.sequence - left.sequence)
}
