import type { Migration } from '#platform/database/index'

// Times are epoch milliseconds. `document` is JSON of the noun that the table is named after, as in the contract.

export type MonitoringTables = {
  /** Truths that were told, whether their predictions are known or not. */
  labels: {
    deployment: string
    prediction_id: string
    label: number
    time: number | null
    received_at: number
  }
  /** How far a deployment's prediction log was read, and how the last check went. */
  monitor_progress: {
    deployment: string
    segment: number
    byte_offset: number
    latest_event_time: number | null
    repeated: number
    unreadable: number
    checked_at: number | null
    failed_at: number | null
    failure: string | null
  }
  /** One row for each prediction id: what performance needs, so that late labels do not read the log again. */
  scored_predictions: {
    deployment: string
    prediction_id: string
    window_start: number
    model: string
    version: number
    score: number | null
  }
  monitored_windows: {
    deployment: string
    window_start: number
    window_end: number
    rows: number
    /** Rows that have a label. */
    labels: number
    /** Rows that carried an event time. */
    timed_rows: number
    /** Counts what came in, rows and labels; a window whose `judged_changes` is less is due. */
    changes: number
    judged_changes: number
    judged_at: number | null
    findings: string | null
  }
  window_profiles: {
    deployment: string
    window_start: number
    model: string
    version: number
    rows: number
    variants: string
    profile: string | null
  }
  judgements: { deployment: string; kind: string; subject: string; window_start: number; document: string }
  /** Derived from the judgements, and replaced with them. */
  alerts: {
    id: string
    deployment: string
    kind: string
    subject: string
    state: 'pending' | 'firing' | 'resolved'
    since: string
    document: string
  }
  alert_transitions: { deployment: string; alert: string; position: number; document: string }
  /** What the world was told about alerts, and what it is still to be told. */
  alert_news: {
    number: number
    deployment: string
    alert: string
    state: 'firing' | 'resolved'
    created_at: number
    emitted_at: number | null
    document: string
  }
  retrainings: {
    number: number
    id: string
    deployment: string
    decision: 'start' | 'hold'
    state: 'requested' | 'started' | 'failed' | 'interrupted' | null
    event_time: string
    /** JSON list. */
    fingerprints: string
    document: string
  }
  canary_trials: {
    id: string
    deployment: string
    model: string
    champion_version: number
    canary_version: number
    /** Null: that of the champion. */
    canary_model: string | null
    /** As the deployment names it. */
    variant: string
    rollout: string | null
    /** Of the deployment, with which it began. */
    revision: number
    started_at: number
    segment: number
    byte_offset: number
    state: 'running' | 'promoted' | 'rolled_back' | 'ended'
    ended_at: number | null
    reason: string | null
  }
  /** The same requests as both versions of a trial score them. */
  canary_rows: {
    trial: string
    prediction_id: string
    variant: string
    champion_score: number
    canary_score: number
    latency_ms: number
  }
  /** What one step of a rollout has shown so far, and how far the log was read for it. */
  canary_steps: {
    trial: string
    started_at: number
    segment: number
    byte_offset: number
    document: string
  }
  canary_verdicts: { trial: string; number: number; basis: string; document: string }
}

export const monitoringMigrations: readonly Migration[] = [
  {
    number: 80,
    name: 'labels and windows',
    up: async ({ schema }) => {
      await schema
        .createTable('labels')
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('prediction_id', 'text', (column) => column.notNull())
        .addColumn('label', 'double precision', (column) => column.notNull())
        .addColumn('time', 'bigint')
        .addColumn('received_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('labels_key', ['deployment', 'prediction_id'])
        .execute()
      await schema
        .createTable('monitor_progress')
        .addColumn('deployment', 'text', (column) => column.primaryKey())
        .addColumn('segment', 'bigint', (column) => column.notNull())
        .addColumn('byte_offset', 'bigint', (column) => column.notNull())
        .addColumn('latest_event_time', 'bigint')
        .addColumn('repeated', 'bigint', (column) => column.notNull())
        .addColumn('unreadable', 'bigint', (column) => column.notNull())
        .addColumn('checked_at', 'bigint')
        .addColumn('failed_at', 'bigint')
        .addColumn('failure', 'text')
        .execute()
      await schema
        .createTable('scored_predictions')
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('prediction_id', 'text', (column) => column.notNull())
        .addColumn('window_start', 'bigint', (column) => column.notNull())
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('score', 'double precision')
        .addPrimaryKeyConstraint('scored_predictions_key', ['deployment', 'prediction_id'])
        .execute()
      await schema
        .createIndex('scored_predictions_window')
        .on('scored_predictions')
        .columns(['deployment', 'window_start'])
        .execute()
      await schema
        .createTable('monitored_windows')
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('window_start', 'bigint', (column) => column.notNull())
        .addColumn('window_end', 'bigint', (column) => column.notNull())
        .addColumn('rows', 'bigint', (column) => column.notNull())
        .addColumn('labels', 'bigint', (column) => column.notNull())
        .addColumn('timed_rows', 'bigint', (column) => column.notNull())
        .addColumn('changes', 'bigint', (column) => column.notNull())
        .addColumn('judged_changes', 'bigint', (column) => column.notNull())
        .addColumn('judged_at', 'bigint')
        .addColumn('findings', 'text')
        .addPrimaryKeyConstraint('monitored_windows_key', ['deployment', 'window_start'])
        .execute()
      await schema
        .createTable('window_profiles')
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('window_start', 'bigint', (column) => column.notNull())
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .addColumn('rows', 'bigint', (column) => column.notNull())
        .addColumn('variants', 'text', (column) => column.notNull())
        .addColumn('profile', 'text')
        .addPrimaryKeyConstraint('window_profiles_key', ['deployment', 'window_start', 'model', 'version'])
        .execute()
    },
  },
  {
    number: 81,
    name: 'judgements and alerts',
    up: async ({ schema }) => {
      await schema
        .createTable('judgements')
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('window_start', 'bigint', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('judgements_key', ['deployment', 'kind', 'subject', 'window_start'])
        .execute()
      await schema
        .createTable('alerts')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('since', 'text', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .execute()
      await schema.createIndex('alerts_deployment').on('alerts').columns(['deployment', 'state']).execute()
      await schema
        .createTable('alert_transitions')
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('alert', 'text', (column) => column.notNull())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('alert_transitions_key', ['deployment', 'position'])
        .execute()
      await schema.createIndex('alert_transitions_alert').on('alert_transitions').column('alert').execute()
      await schema
        .createTable('alert_news')
        .addColumn('number', 'bigint', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('alert', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('emitted_at', 'bigint')
        .addColumn('document', 'text', (column) => column.notNull())
        .execute()
      await schema.createIndex('alert_news_deployment').on('alert_news').column('deployment').execute()
    },
  },
  {
    number: 82,
    name: 'retrainings and canary trials',
    up: async ({ schema }) => {
      await schema
        .createTable('retrainings')
        .addColumn('number', 'bigint', (column) => column.notNull())
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('decision', 'text', (column) => column.notNull())
        .addColumn('state', 'text')
        .addColumn('event_time', 'text', (column) => column.notNull())
        .addColumn('fingerprints', 'text', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .execute()
      await schema
        .createIndex('retrainings_deployment')
        .on('retrainings')
        .columns(['deployment', 'number'])
        .execute()
      await schema
        .createTable('canary_trials')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('champion_version', 'bigint', (column) => column.notNull())
        .addColumn('canary_version', 'bigint', (column) => column.notNull())
        .addColumn('revision', 'bigint', (column) => column.notNull())
        .addColumn('started_at', 'bigint', (column) => column.notNull())
        .addColumn('segment', 'bigint', (column) => column.notNull())
        .addColumn('byte_offset', 'bigint', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('ended_at', 'bigint')
        .addColumn('reason', 'text')
        .execute()
      await schema.createIndex('canary_trials_deployment').on('canary_trials').column('deployment').execute()
      await schema
        .createTable('canary_rows')
        .addColumn('trial', 'text', (column) => column.notNull())
        .addColumn('prediction_id', 'text', (column) => column.notNull())
        .addColumn('variant', 'text', (column) => column.notNull())
        .addColumn('champion_score', 'double precision', (column) => column.notNull())
        .addColumn('canary_score', 'double precision', (column) => column.notNull())
        .addColumn('latency_ms', 'double precision', (column) => column.notNull())
        .addPrimaryKeyConstraint('canary_rows_key', ['trial', 'prediction_id'])
        .execute()
      await schema
        .createTable('canary_verdicts')
        .addColumn('trial', 'text', (column) => column.notNull())
        .addColumn('number', 'bigint', (column) => column.notNull())
        .addColumn('basis', 'text', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('canary_verdicts_key', ['trial', 'number'])
        .execute()
    },
  },
  {
    number: 83,
    name: 'analysis of rollouts step by step',
    up: async ({ schema }) => {
      await schema.alterTable('canary_trials').addColumn('canary_model', 'text').execute()
      await schema
        .alterTable('canary_trials')
        .addColumn('variant', 'text', (column) => column.notNull().defaultTo('canary'))
        .execute()
      await schema.alterTable('canary_trials').addColumn('rollout', 'text').execute()
      await schema
        .createTable('canary_steps')
        .addColumn('trial', 'text', (column) => column.notNull())
        .addColumn('started_at', 'bigint', (column) => column.notNull())
        .addColumn('segment', 'bigint', (column) => column.notNull())
        .addColumn('byte_offset', 'bigint', (column) => column.notNull())
        .addColumn('document', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('canary_steps_key', ['trial', 'started_at'])
        .execute()
    },
  },
]
