import type { Kysely, Selectable } from 'kysely'
import type { Alert, AlertTransition, Judgement } from './findings.ts'
import type { MonitoringTables } from './tables.ts'

export type AlertNews = Selectable<MonitoringTables['alert_news']>

export interface AlertFilter {
  readonly monitor?: string | undefined
  readonly kind?: string | undefined
  readonly states?: readonly Alert['state'][] | undefined
  readonly limit?: number | undefined
}

const chunkRows = 200

/** All SQL about judgements and the alerts that follow from them. */
export function createAlertStore(query: Kysely<MonitoringTables>) {
  return {
    saveJudgements: async (judgements: readonly Judgement[]): Promise<void> => {
      const rows = judgements.map((judgement) => ({
        deployment: judgement.monitor,
        kind: judgement.kind,
        subject: judgement.subject,
        window_start: Date.parse(judgement.window.start),
        document: JSON.stringify(judgement),
      }))
      for (let start = 0; start < rows.length; start += chunkRows) {
        await query
          .insertInto('judgements')
          .values(rows.slice(start, start + chunkRows))
          .onConflict((conflict) =>
            conflict
              .columns(['deployment', 'kind', 'subject', 'window_start'])
              .doUpdateSet(({ ref }) => ({ document: ref('excluded.document') })),
          )
          .execute()
      }
    },

    judgements: async (deployment: string): Promise<Judgement[]> =>
      documents(
        await query
          .selectFrom('judgements')
          .select('document')
          .where('deployment', '=', deployment)
          .orderBy('window_start')
          .execute(),
      ),

    alerts: async ({ monitor, kind, states, limit }: AlertFilter): Promise<Alert[]> => {
      let select = query.selectFrom('alerts').select('document').orderBy('since', 'desc').orderBy('id')
      if (monitor !== undefined) select = select.where('deployment', '=', monitor)
      if (kind !== undefined) select = select.where('kind', '=', kind)
      if (states !== undefined) select = select.where('state', 'in', [...states])
      if (limit !== undefined) select = select.limit(limit)
      return documents(await select.execute())
    },

    alert: async (id: string): Promise<Alert | undefined> => {
      const row = await query.selectFrom('alerts').select('document').where('id', '=', id).executeTakeFirst()
      return row === undefined ? undefined : (JSON.parse(row.document) as Alert)
    },

    countFiring: (): Promise<{ deployment: string; firing: number }[]> =>
      query
        .selectFrom('alerts')
        .select(({ fn }) => ['deployment', fn.countAll<number>().as('firing')])
        .where('state', '=', 'firing')
        .groupBy('deployment')
        .execute(),

    transitions: async (filter: { deployment: string } | { alert: string }): Promise<AlertTransition[]> => {
      const select = query.selectFrom('alert_transitions').select('document').orderBy('position')
      return documents(
        await (
          'alert' in filter
            ? select.where('alert', '=', filter.alert)
            : select.where('deployment', '=', filter.deployment)
        ).execute(),
      )
    },

    /** Puts what follows from the judgements now in the place of what followed before. */
    replace: async (
      deployment: string,
      {
        alerts,
        transitions,
      }: { readonly alerts: readonly Alert[]; readonly transitions: readonly AlertTransition[] },
    ): Promise<void> => {
      await query.deleteFrom('alerts').where('deployment', '=', deployment).execute()
      await query.deleteFrom('alert_transitions').where('deployment', '=', deployment).execute()
      for (let start = 0; start < alerts.length; start += chunkRows) {
        await query
          .insertInto('alerts')
          .values(
            alerts.slice(start, start + chunkRows).map((alert) => {
              const { id, kind, subject, state, since } = alert
              return { id, deployment, kind, subject, state, since, document: JSON.stringify(alert) }
            }),
          )
          .execute()
      }
      for (let start = 0; start < transitions.length; start += chunkRows) {
        await query
          .insertInto('alert_transitions')
          .values(
            transitions.slice(start, start + chunkRows).map((transition, index) => ({
              deployment,
              alert: transition.alert,
              position: start + index,
              document: JSON.stringify(transition),
            })),
          )
          .execute()
      }
    },

    /** What the world was, or is about to be, told last about each alert. */
    toldStates: async (deployment: string): Promise<Map<string, AlertNews>> => {
      const rows = await query
        .selectFrom('alert_news')
        .selectAll()
        .where('deployment', '=', deployment)
        .orderBy('number')
        .execute()
      return new Map(rows.map((row) => [row.alert, row]))
    },

    addNews: async (news: readonly Omit<AlertNews, 'number' | 'emitted_at'>[]): Promise<void> => {
      if (news.length === 0) return
      const last = await query
        .selectFrom('alert_news')
        .select('number')
        .orderBy('number', 'desc')
        .executeTakeFirst()
      const first = (last?.number ?? 0) + 1
      await query
        .insertInto('alert_news')
        .values(news.map((one, index) => ({ ...one, number: first + index, emitted_at: null })))
        .execute()
    },

    untold: (deployment: string): Promise<AlertNews[]> =>
      query
        .selectFrom('alert_news')
        .selectAll()
        .where('deployment', '=', deployment)
        .where('emitted_at', 'is', null)
        .orderBy('number')
        .execute(),

    markTold: async (number: number, now: number): Promise<void> => {
      await query.updateTable('alert_news').set({ emitted_at: now }).where('number', '=', number).execute()
    },
  }
}

function documents<Noun>(rows: readonly { readonly document: string }[]): Noun[] {
  return rows.map(({ document }) => JSON.parse(document) as Noun)
}
