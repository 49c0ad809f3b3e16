import { formatBytes, formatDuration } from '#contract/units'

export { formatBytes, formatDuration }

const nothing = '–'
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 2 })
const timeOfDay = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const dayOfYear = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})

/** A count: `3,000,000`. */
export function formatCount(value: number | null | undefined): string {
  return isKnown(value) ? whole.format(value) : nothing
}

/** A count where room is short: `3M`, `966.41K`. */
export function formatCompact(value: number | null | undefined): string {
  if (!isKnown(value)) return nothing
  return Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value)
}

/** A measured number: four digits that tell something, `0.7048`, `12.35`, `1,204`, `3.1e-7`. Zeros stay: digits align. */
export function formatNumber(value: number | null | undefined): string {
  if (!isKnown(value)) return nothing
  const size = Math.abs(value)
  if (Number.isInteger(value) && size < 1e15) return whole.format(value)
  if (size >= 1000) return whole.format(value)
  if (size < 1e-4) return value.toExponential(1)
  if (size >= 1) return value.toPrecision(4)
  return value.toFixed(4)
}

/** A number that somebody chose, as they wrote it: `0.05`, `1,500`. */
export function formatBound(value: number): string {
  return Math.abs(value) >= 1000 ? whole.format(value) : String(Number(value.toPrecision(6)))
}

/** A share between 0 and 1: `23.3 %`. */
export function formatShare(share: number | null | undefined, digits = 1): string {
  return isKnown(share) ? `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : digits)} %` : nothing
}

/** A change with its sign: `+0.0021`, `−0.0180`. */
export function formatChange(value: number | null | undefined): string {
  if (!isKnown(value)) return nothing
  return `${value < 0 ? '−' : '+'}${formatNumber(Math.abs(value))}`
}

export function formatInterval(low: number, high: number): string {
  return `${formatNumber(low)} to ${formatNumber(high)}`
}

/** `just now`, `42 s ago`, `3 min ago`, `5 h ago`, `2 d ago`; `in 3 min` for what is to come. */
export function formatAgo(time: number, now: number): string {
  const seconds = Math.round((now - time) / 1000)
  const distance = Math.abs(seconds)
  if (distance < 3) return 'just now'
  const text = amountOf(distance)
  return seconds < 0 ? `in ${text}` : `${text} ago`
}

export function formatTime(time: number): string {
  return timeOfDay.format(time)
}

/** A day in UTC, as windows and periods have them. */
export function formatDay(time: number | string, withYear = false): string {
  return (withYear ? dayOfYear : day).format(new Date(time))
}

/** `sha256:3f1c…` → `3f1c8a90b2`: enough to tell two apart. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 10)
}

/** `sha256:3f1c…` → `3f1c8a90b2`, `3` → `3`: what a version is called, be it a number or a digest. */
export function versionLabel(version: string): string {
  return version.startsWith('sha256:') ? shortDigest(version) : version
}

/** `roc_auc`, `evaluation/roc_auc` → `ROC AUC`: names of metrics as people write them. */
export function metricTitle(name: string): string {
  const last = name.split('/').at(-1) ?? name
  return metricTitles[last] ?? name.replaceAll('_', ' ')
}

/** `system:monitoring` → `monitoring`: a part of the program that acted by itself. */
export function actorName(actor: string): string {
  return actor.replace(/^system:/, '')
}

const metricTitles: Readonly<Record<string, string>> = {
  roc_auc: 'ROC AUC',
  average_precision: 'Average precision',
  log_loss: 'Log loss',
  brier_score: 'Brier score',
  expected_calibration_error: 'Calibration error',
  calibration_gap: 'Calibration gap',
  accuracy: 'Accuracy',
  precision: 'Precision',
  recall: 'Recall',
  f1: 'F1',
  positive_rate: 'Positive rate',
  predicted_positive_rate: 'Predicted positive rate',
  rmse: 'RMSE',
  mae: 'MAE',
  r2: 'R²',
  mean_error: 'Mean error',
  training_log_loss: 'Log loss in training',
  validation_log_loss: 'Log loss in validation',
  fit_seconds: 'Fit seconds',
}

function amountOf(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

function isKnown(value: number | null | undefined): value is number {
  return value !== null && value !== undefined && Number.isFinite(value)
}
