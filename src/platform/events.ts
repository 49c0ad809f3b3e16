import { randomUUID } from 'node:crypto'
import { sql, type Generated, type Selectable } from 'kysely'
import type { Clock } from './clock.ts'
import { sequenceColumnType, type Database, type Migration } from './database/index.ts'
import type { Log } from './log.ts'

/**
 * A change of state that somebody made. Events are how news travels downstream: a stage never imports the stages after
 * it. They are kept, so a subscriber that was away catches up (at least once, in order).
 */
export interface Event {
  readonly sequence: number
  readonly id: string
  /** `<noun>.<past participle>`, such as `data.arrived`. */
  readonly type: string
  /** What it happened to, such as `dataset/flights@3`. */
  readonly subject: string
  readonly actor: string
  readonly time: number
  readonly payload: Readonly<Record<string, unknown>>
}

export interface NewEvent {
  readonly type: string
  readonly subject: string
  readonly actor: string
  readonly payload?: Readonly<Record<string, unknown>>
}

export interface Subscription {
  /** Unique and stable: the place up to which it has read is kept under this name. */
  readonly name: string
  readonly types: readonly string[]
  handle(event: Event): Promise<void>
}

export interface Events {
  /** Keeps the event, then tells the subscribers. */
  emit(event: NewEvent): Promise<Event>
  subscribe(subscription: Subscription): void
  /** Delivers what subscribers have not seen yet; resolves when nothing is left. */
  deliver(): Promise<void>
  list(filter: {
    after?: number
    types?: readonly string[]
    subject?: string
    limit: number
    newestFirst?: boolean
  }): Promise<Event[]>
  /** Called after each emit, for live pages. Answers how to stop. */
  watch(listener: (event: Event) => void): () => void
}

type EventTables = {
  events: {
    sequence: Generated<number>
    id: string
    type: string
    subject: string
    actor: string
    time: number
    payload: string
  }
  event_cursors: { subscription: string; sequence: number }
}

const advisoryLock = 727_002

export function createEvents({
  database,
  clock,
  log,
}: {
  database: Database
  clock: Clock
  log: Log
}): Events {
  const query = database.query.withTables<EventTables>()
  const subscriptions: Subscription[] = []
  const watchers = new Set<(event: Event) => void>()
  let delivering: Promise<void> | undefined

  const toEvent = (row: Selectable<EventTables['events']>): Event => ({
    ...row,
    payload: JSON.parse(row.payload) as Record<string, unknown>,
  })

  const insert = (row: Omit<EventTables['events'], 'sequence'>): Promise<{ sequence: number }> =>
    query.transaction().execute(async (transaction) => {
      // One at a time: else a later number could be seen, and read past, before an earlier one is committed.
      if (database.engine === 'postgres')
        await sql`select pg_advisory_xact_lock(${advisoryLock})`.execute(transaction)
      return transaction.insertInto('events').values(row).returning('sequence').executeTakeFirstOrThrow()
    })

  const deliverTo = async (subscription: Subscription): Promise<void> => {
    const cursor = await query
      .selectFrom('event_cursors')
      .select('sequence')
      .where('subscription', '=', subscription.name)
      .executeTakeFirst()
    const rows = await query
      .selectFrom('events')
      .selectAll()
      .where('sequence', '>', cursor?.sequence ?? 0)
      .where('type', 'in', [...subscription.types])
      .orderBy('sequence')
      .execute()
    for (const row of rows) {
      const event = toEvent(row)
      await subscription.handle(event)
      await query
        .insertInto('event_cursors')
        .values({ subscription: subscription.name, sequence: event.sequence })
        .onConflict((conflict) => conflict.column('subscription').doUpdateSet({ sequence: event.sequence }))
        .execute()
    }
  }

  const deliverOnce = async (): Promise<void> => {
    for (const subscription of subscriptions) {
      try {
        await deliverTo(subscription)
      } catch (error) {
        // The cursor stays before the event, so the next delivery tries again; the others must not wait for it.
        log.error({ subscription: subscription.name, error: String(error) }, 'event handler failed')
      }
    }
  }

  const events: Events = {
    emit: async (event) => {
      const row = {
        id: randomUUID(),
        type: event.type,
        subject: event.subject,
        actor: event.actor,
        time: clock.now(),
        payload: JSON.stringify(event.payload ?? {}),
      }
      const { sequence } = await insert(row)
      const kept = toEvent({ ...row, sequence })
      for (const watcher of watchers) watcher(kept)
      // Not awaited: an emitter never waits for, nor fails with, those who listen.
      void events.deliver()
      return kept
    },
    subscribe: (subscription) => void subscriptions.push(subscription),
    deliver: () => {
      // One delivery at a time keeps each subscriber's order; one more after it sees what came in between.
      const next = (delivering ?? Promise.resolve()).then(deliverOnce)
      delivering = next
      return next
    },
    list: async ({ after, types, subject, limit, newestFirst }) => {
      let select = query.selectFrom('events').selectAll().limit(limit)
      if (after !== undefined) select = select.where('sequence', newestFirst === true ? '<' : '>', after)
      if (types !== undefined) select = select.where('type', 'in', [...types])
      if (subject !== undefined) select = select.where('subject', '=', subject)
      const rows = await select.orderBy('sequence', newestFirst === true ? 'desc' : 'asc').execute()
      return rows.map(toEvent)
    },
    watch: (listener) => {
      watchers.add(listener)
      return () => watchers.delete(listener)
    },
  }
  return events
}

export const eventMigrations: readonly Migration[] = [
  {
    number: 1,
    name: 'events',
    up: async (query, engine) => {
      await query.schema
        .createTable('events')
        .addColumn('sequence', sequenceColumnType(engine), (column) => column.primaryKey())
        .addColumn('id', 'text', (column) => column.notNull().unique())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .addColumn('payload', 'text', (column) => column.notNull())
        .execute()
      await sql`create index events_subject on events (subject, sequence)`.execute(query)
      await query.schema
        .createTable('event_cursors')
        .addColumn('subscription', 'text', (column) => column.primaryKey())
        .addColumn('sequence', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
]
