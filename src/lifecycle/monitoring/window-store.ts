import { sql, type Kysely, type Selectable } from 'kysely'
import { bulkInsert, type Engine } from '#platform/database/index'
import type { PredictionCursor } from '#lifecycle/serving/index'
import type { LabelledRows } from './realized-performance.ts'
import type { MonitoringTables } from './tables.ts'

export type ProgressRow = Selectable<MonitoringTables['monitor_progress']>
export type WindowRow = Selectable<MonitoringTables['monitored_windows']>
export type ProfileRow = Selectable<MonitoringTables['window_profiles']>

export interface ScoredPrediction {
  readonly id: string
  readonly windowStart: number
  readonly model: string
  readonly version: number
  /** Undefined where the model gave no finite number. */
  readonly score: number | undefined
}

export interface WindowVersion {
  readonly windowStart: number
  readonly model: string
  readonly version: number
}

/** All SQL about what was read from the log and how far. */
export function createWindowStore(query: Kysely<MonitoringTables>, engine: Engine) {
  const windowsOf = (deployment: string) =>
    query.selectFrom('monitored_windows').selectAll().where('deployment', '=', deployment)

  return {
    progress: (deployment: string): Promise<ProgressRow | undefined> =>
      query
        .selectFrom('monitor_progress')
        .selectAll()
        .where('deployment', '=', deployment)
        .executeTakeFirst(),

    /** The place where reading begins, at the beginning of the log. */
    begin: async (deployment: string): Promise<void> => {
      await query
        .insertInto('monitor_progress')
        .values({
          deployment,
          segment: 0,
          byte_offset: 0,
          latest_event_time: null,
          repeated: 0,
          unreadable: 0,
          checked_at: null,
          failed_at: null,
          failure: null,
        })
        .onConflict((conflict) => conflict.column('deployment').doNothing())
        .execute()
    },

    /** Moves the cursor if it is where the caller found it, and answers whether it was. */
    advance: async (
      before: ProgressRow,
      next: PredictionCursor,
      counts: Pick<ProgressRow, 'latest_event_time' | 'repeated' | 'unreadable'>,
    ): Promise<boolean> => {
      const { numUpdatedRows } = await query
        .updateTable('monitor_progress')
        .set({ segment: next.segment, byte_offset: next.offset, ...counts })
        .where('deployment', '=', before.deployment)
        .where('segment', '=', before.segment)
        .where('byte_offset', '=', before.byte_offset)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },

    noteCheck: async (deployment: string, now: number, failure?: string): Promise<void> => {
      await query
        .updateTable('monitor_progress')
        .set(
          failure === undefined
            ? { checked_at: now, failure: null, failed_at: null }
            : { failed_at: now, failure },
        )
        .where('deployment', '=', deployment)
        .execute()
    },

    /** Answers the ids that were not there yet: of a prediction that was sent twice the first line counts. */
    addScored: async (deployment: string, rows: readonly ScoredPrediction[]): Promise<Set<string>> => {
      const written = await bulkInsert(query, engine, {
        table: 'scored_predictions',
        columns: [
          { name: 'deployment', type: 'text', values: rows.map(() => deployment) },
          { name: 'prediction_id', type: 'text', values: rows.map(({ id }) => id) },
          { name: 'window_start', type: 'bigint', values: rows.map(({ windowStart }) => windowStart) },
          { name: 'model', type: 'text', values: rows.map(({ model }) => model) },
          { name: 'version', type: 'bigint', values: rows.map(({ version }) => version) },
          { name: 'score', type: 'double precision', values: rows.map(({ score }) => score ?? null) },
        ],
        onConflict: '(deployment, prediction_id) do nothing',
        returning: 'prediction_id',
      })
      return new Set(written as string[])
    },

    /** Counts rows into a window; the window keeps the end that it was made with. */
    touchWindow: async (
      row: Pick<WindowRow, 'deployment' | 'window_start' | 'window_end' | 'rows' | 'labels' | 'timed_rows'>,
    ): Promise<void> => {
      await query
        .insertInto('monitored_windows')
        .values({ ...row, changes: 1, judged_changes: 0, judged_at: null, findings: null })
        .onConflict((conflict) =>
          conflict.columns(['deployment', 'window_start']).doUpdateSet((expression) => ({
            rows: expression('monitored_windows.rows', '+', row.rows),
            labels: expression('monitored_windows.labels', '+', row.labels),
            timed_rows: expression('monitored_windows.timed_rows', '+', row.timed_rows),
            changes: expression('monitored_windows.changes', '+', 1),
          })),
        )
        .execute()
    },

    profile: (deployment: string, { windowStart, model, version }: WindowVersion) =>
      query
        .selectFrom('window_profiles')
        .selectAll()
        .where('deployment', '=', deployment)
        .where('window_start', '=', windowStart)
        .where('model', '=', model)
        .where('version', '=', version)
        .executeTakeFirst(),

    profiles: (deployment: string, windowStart: number): Promise<ProfileRow[]> =>
      query
        .selectFrom('window_profiles')
        .selectAll()
        .where('deployment', '=', deployment)
        .where('window_start', '=', windowStart)
        .orderBy('rows', 'desc')
        .orderBy('model')
        .orderBy('version', 'desc')
        .execute(),

    saveProfile: async (row: ProfileRow): Promise<void> => {
      const { rows, variants, profile } = row
      await query
        .insertInto('window_profiles')
        .values(row)
        .onConflict((conflict) =>
          conflict
            .columns(['deployment', 'window_start', 'model', 'version'])
            .doUpdateSet({ rows, variants, profile }),
        )
        .execute()
    },

    /** Windows that have ended and of which something is not judged yet, by time. */
    due: (deployment: string, latestEventTime: number, now: number): Promise<WindowRow[]> =>
      windowsOf(deployment)
        .whereRef('judged_changes', '<', 'changes')
        .where(closed(latestEventTime, now))
        .orderBy('window_start')
        .execute(),

    newest: async (deployment: string, limit: number): Promise<WindowRow[]> =>
      (await windowsOf(deployment).orderBy('window_start', 'desc').limit(limit).execute()).reverse(),

    latestJudged: (deployment: string): Promise<WindowRow | undefined> =>
      windowsOf(deployment)
        .where('judged_at', 'is not', null)
        .orderBy('window_start', 'desc')
        .limit(1)
        .executeTakeFirst(),

    saveFindings: async (
      row: Pick<WindowRow, 'deployment' | 'window_start' | 'changes' | 'judged_at' | 'findings'>,
    ) => {
      const { deployment, window_start, changes, judged_at, findings } = row
      await query
        .updateTable('monitored_windows')
        .set({ judged_changes: changes, judged_at, findings })
        .where('deployment', '=', deployment)
        .where('window_start', '=', window_start)
        .execute()
    },

    /** All windows without their findings. */
    outlines: (deployment: string): Promise<Omit<WindowRow, 'findings'>[]> =>
      query
        .selectFrom('monitored_windows')
        .select(['deployment', 'window_start', 'window_end', 'rows', 'labels'])
        .select(['timed_rows', 'changes', 'judged_changes', 'judged_at'])
        .where('deployment', '=', deployment)
        .execute(),

    /** Labels and scores of one version in a window, in the order of their ids. */
    labelled: async (
      deployment: string,
      { windowStart, model, version }: WindowVersion,
    ): Promise<LabelledRows> => {
      const rows = await query
        .selectFrom('scored_predictions as s')
        .innerJoin('labels as l', (join) =>
          join.onRef('l.deployment', '=', 's.deployment').onRef('l.prediction_id', '=', 's.prediction_id'),
        )
        .select(['s.score', 'l.label'])
        .where('s.deployment', '=', deployment)
        .where('s.window_start', '=', windowStart)
        .where('s.model', '=', model)
        .where('s.version', '=', version)
        .where('s.score', 'is not', null)
        .orderBy('s.prediction_id')
        .execute()
      return {
        labels: Float64Array.from(rows, ({ label }) => label),
        scores: Float64Array.from(rows, ({ score }) => score as number),
      }
    },
  }
}

/** By event time where rows of the window carried one, else by the clock. */
function closed(latestEventTime: number, now: number) {
  return sql<boolean>`((timed_rows > 0 and window_end <= ${latestEventTime}) or (timed_rows = 0 and window_end <= ${now}))`
}
