import { messageOf, toProblem, type ErrorCode } from '#contract/errors'
import type { DoorAnswer } from '#platform/door'

/**
 * Our codes in MLflow's words. Its clients repeat 408, 429, 500 and 502 to 504 for minutes, so these are only for what
 * may be different next time; whatever is wrong with the request is 400 or 404.
 */
const errorCodes: Readonly<Record<ErrorCode, { readonly code: string; readonly status: number }>> = {
  invalid_input: { code: 'INVALID_PARAMETER_VALUE', status: 400 },
  invalid_project: { code: 'INVALID_PARAMETER_VALUE', status: 400 },
  unsupported_media_type: { code: 'INVALID_PARAMETER_VALUE', status: 400 },
  payload_too_large: { code: 'INVALID_PARAMETER_VALUE', status: 413 },
  unauthenticated: { code: 'UNAUTHENTICATED', status: 401 },
  permission_denied: { code: 'PERMISSION_DENIED', status: 403 },
  not_found: { code: 'RESOURCE_DOES_NOT_EXIST', status: 404 },
  already_exists: { code: 'RESOURCE_ALREADY_EXISTS', status: 400 },
  conflict: { code: 'INVALID_PARAMETER_VALUE', status: 400 },
  store_in_use: { code: 'TEMPORARILY_UNAVAILABLE', status: 503 },
  port_in_use: { code: 'TEMPORARILY_UNAVAILABLE', status: 503 },
  validation_failed: { code: 'INVALID_PARAMETER_VALUE', status: 400 },
  unreadable_data: { code: 'INVALID_PARAMETER_VALUE', status: 400 },
  gate_failed: { code: 'INVALID_PARAMETER_VALUE', status: 400 },
  step_failed: { code: 'INVALID_PARAMETER_VALUE', status: 400 },
  training_failed: { code: 'INVALID_PARAMETER_VALUE', status: 400 },
  cancelled: { code: 'ABORTED', status: 409 },
  rate_limited: { code: 'RESOURCE_EXHAUSTED', status: 429 },
  overloaded: { code: 'TEMPORARILY_UNAVAILABLE', status: 503 },
  not_ready: { code: 'TEMPORARILY_UNAVAILABLE', status: 503 },
  timed_out: { code: 'DEADLINE_EXCEEDED', status: 504 },
  // No client repeats it, as repeating does not help.
  storage_full: { code: 'RESOURCE_EXHAUSTED', status: 507 },
  storage_corrupt: { code: 'DATA_LOSS', status: 500 },
  server_unreachable: { code: 'TEMPORARILY_UNAVAILABLE', status: 503 },
  internal: { code: 'INTERNAL_ERROR', status: 500 },
}

/** `{error_code, message}`: our hint stands behind the message, since the clients show nothing else. */
export function errorAnswer(error: unknown): DoorAnswer {
  const problem = toProblem(error)
  const { code, status } = errorCodes[problem.code]
  const message =
    problem.code === 'internal'
      ? 'A fault in DevMLOps; the log of the server has it.'
      : withHint(problem.detail, problem.hint)
  return {
    status,
    headers: {
      'content-type': 'application/json',
      ...(status === 401 ? { 'www-authenticate': 'Basic realm="mlflow"' } : {}),
    },
    body: JSON.stringify({ error_code: code, message }),
  }
}

function withHint(detail: string, hint: string | undefined): string {
  if (hint === undefined) return detail
  return `${detail}${/[.!?]$/.test(detail) ? '' : '.'} ${hint}`
}

/** An unknown route, in the form that makes clients fall back to older ones. */
export function unknownRoute(method: string, path: string): DoorAnswer {
  return {
    status: 404,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      error_code: 'ENDPOINT_NOT_FOUND',
      message: `DevMLOps does not answer ${method} ${path.slice(0, 200)}.`,
    }),
  }
}

export function describeFault(error: unknown): { error: string; stack: string | undefined } {
  return { error: messageOf(error), stack: error instanceof Error ? error.stack : undefined }
}
