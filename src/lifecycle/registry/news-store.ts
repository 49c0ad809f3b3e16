import type { Kysely } from 'kysely'
import type { NewEvent } from '#platform/events'
import type { RegistryTables } from './tables.ts'

type Query = Kysely<RegistryTables>

/** All SQL about what was decided and is yet to be told as an event. */
export function createNewsStore(query: Query) {
  return {
    addNews: async (transaction: Query, event: NewEvent): Promise<void> => {
      await transaction
        .insertInto('registry_news')
        .values({
          type: event.type,
          subject: event.subject,
          actor: event.actor,
          payload: JSON.stringify(event.payload ?? {}),
        })
        .execute()
    },

    silentNews: async (): Promise<(NewEvent & { sequence: number })[]> => {
      const rows = await query.selectFrom('registry_news').selectAll().orderBy('sequence').execute()
      return rows.map(({ payload, ...row }) => ({
        ...row,
        payload: JSON.parse(payload) as Record<string, unknown>,
      }))
    },

    newsTold: async (sequence: number): Promise<void> => {
      await query.deleteFrom('registry_news').where('sequence', '=', sequence).execute()
    },
  }
}
