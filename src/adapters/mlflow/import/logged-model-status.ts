import type { LoggedModelStatus } from '#lifecycle/tracking/index'

/** MLflow keeps the status as a number in files and databases, and says it as a word on the wire. */
export function loggedModelStatusOf(status: number | string | undefined): LoggedModelStatus {
  if (status === 2 || status === 'LOGGED_MODEL_READY') return 'READY'
  if (status === 3 || status === 'LOGGED_MODEL_UPLOAD_FAILED') return 'FAILED'
  return 'PENDING'
}
