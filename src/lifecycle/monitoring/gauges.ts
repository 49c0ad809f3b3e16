import type { MonitorStatus } from './contract.ts'
import type { MonitoringService } from './service.ts'

/** A number for Prometheus, asked for when the page is read. */
export interface MonitoringGauge {
  readonly name: string
  readonly help: string
  read(): Promise<readonly { labels: Readonly<Record<string, string>>; value: number }[]>
}

type Points = Awaited<ReturnType<MonitoringGauge['read']>>

/** Facts are read once for a page of gauges that are asked together. */
const freshMs = 1000

export function monitoringGauges(
  service: Pick<MonitoringService, 'list'>,
  now: () => number = () => performance.now(),
): MonitoringGauge[] {
  let read: { at: number; statuses: Promise<MonitorStatus[]> } | undefined
  const statuses = (): Promise<MonitorStatus[]> => {
    if (read === undefined || now() - read.at > freshMs) read = { at: now(), statuses: service.list() }
    return read.statuses
  }
  const gauge = (
    name: string,
    help: string,
    pointsOf: (status: MonitorStatus) => Points,
  ): MonitoringGauge => ({
    name,
    help,
    read: async () => (await statuses().catch(() => [])).flatMap(pointsOf),
  })
  return [
    gauge(
      'devmlops_feature_drift_score',
      'Population stability index of a column in the last judged window.',
      ({ name: deployment, latest }) =>
        (latest?.findings?.drift.columns ?? []).flatMap(({ column: feature, psi }) =>
          psi === null ? [] : [{ labels: { deployment, feature }, value: psi }],
        ),
    ),
    gauge(
      'devmlops_model_metric',
      'Metric of the last judged window, realized on its labelled rows.',
      ({ name: deployment, latest }) =>
        (latest?.findings?.versions[0]?.metrics ?? []).flatMap((metric) =>
          metric.status === 'value'
            ? [{ labels: { deployment, metric: metric.name, source: 'realized' }, value: metric.value }]
            : [],
        ),
    ),
    gauge(
      'devmlops_label_coverage_ratio',
      'Share of the predictions of the last judged window that have a label.',
      ({ name: deployment, latest }) =>
        latest === undefined || latest.rows === 0
          ? []
          : [{ labels: { deployment }, value: latest.labels / latest.rows }],
    ),
    gauge('devmlops_alerts_firing', 'Alerts that are firing.', ({ name: deployment, alerts }) => [
      { labels: { deployment }, value: alerts.filter(({ state }) => state === 'firing').length },
    ]),
    gauge(
      'devmlops_last_successful_check_timestamp_seconds',
      'When the last check of a monitor succeeded.',
      ({ name: deployment, checkedAt }) =>
        checkedAt === undefined ? [] : [{ labels: { deployment }, value: Date.parse(checkedAt) / 1000 }],
    ),
  ]
}
