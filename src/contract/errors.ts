/**
 * The one error table: code → HTTP status, exit code of the command line, and what the code means. The reference page
 * `docs/reference/errors.md` lists the same codes; a test compares the two both ways.
 */
export const errorTable = {
  invalid_input: {
    status: 400,
    exit: 2,
    title: 'The request or command has a field that is missing or wrong',
  },
  invalid_project: { status: 400, exit: 2, title: 'devmlops.yaml has a mistake' },
  unsupported_media_type: {
    status: 415,
    exit: 2,
    title: 'The body is in a format that this endpoint does not read',
  },
  payload_too_large: { status: 413, exit: 2, title: 'The body is larger than the limit' },
  unauthenticated: { status: 401, exit: 3, title: 'No caller is named, or the token is unknown' },
  permission_denied: { status: 403, exit: 3, title: 'The caller may not do this' },
  not_found: { status: 404, exit: 4, title: 'Nothing has this name or id' },
  already_exists: { status: 409, exit: 5, title: 'The name is taken' },
  conflict: {
    status: 409,
    exit: 5,
    title: 'The state does not allow this, or someone else changed it first',
  },
  store_in_use: { status: 409, exit: 5, title: 'Another process holds the store' },
  port_in_use: { status: 409, exit: 5, title: 'The port is taken' },
  validation_failed: { status: 422, exit: 6, title: 'The data does not meet its expectations' },
  unreadable_data: { status: 422, exit: 6, title: 'A file cannot be read as the format it claims' },
  gate_failed: { status: 422, exit: 7, title: 'A model did not pass its gates' },
  step_failed: { status: 422, exit: 8, title: 'A pipeline step failed' },
  training_failed: { status: 422, exit: 8, title: 'A model cannot be trained on this data' },
  cancelled: { status: 409, exit: 9, title: 'Someone cancelled it' },
  rate_limited: { status: 429, exit: 10, title: 'Too many requests wait already' },
  overloaded: { status: 503, exit: 10, title: 'More is asked than can be answered in time' },
  not_ready: { status: 503, exit: 10, title: 'The service is not ready yet' },
  timed_out: { status: 504, exit: 10, title: 'It took longer than its limit' },
  storage_full: { status: 507, exit: 11, title: 'The disk or the store is full' },
  storage_corrupt: { status: 500, exit: 11, title: 'Stored bytes do not have the digest they should have' },
  server_unreachable: { status: 502, exit: 12, title: 'A server that should answer does not' },
  internal: { status: 500, exit: 1, title: 'A fault in DevMLOps itself' },
} as const satisfies Record<string, { status: number; exit: number; title: string }>

export type ErrorCode = keyof typeof errorTable

export interface ErrorDetail {
  /** What to do next, one sentence. */
  readonly hint?: string
  /** The field or place at fault, such as `inputs[0].data` or `devmlops.yaml:12:5`. */
  readonly at?: string
  readonly cause?: unknown
}

/** A failure that a user can understand: what happened, what was expected, what to do next. */
export class DevmlopsError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly at: string | undefined

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.name = 'DevmlopsError'
    this.code = code
    this.hint = detail.hint
    this.at = detail.at
  }
}

/** Throws a {@link DevmlopsError}; typed `never`, so that callers can use it as an expression. */
export function fail(code: ErrorCode, message: string, detail: ErrorDetail = {}): never {
  throw new DevmlopsError(code, message, detail)
}

/** The form in which an error crosses a process: RFC 9457 problem JSON. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail: string
  readonly hint?: string
  readonly at?: string
}

export function toProblem(error: unknown): Problem {
  const known = error instanceof DevmlopsError ? error : new DevmlopsError('internal', messageOf(error))
  const entry = errorTable[known.code]
  return {
    type: `urn:devmlops:error:${known.code}`,
    title: entry.title,
    status: entry.status,
    code: known.code,
    detail: known.message,
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    ...(known.at === undefined ? {} : { at: known.at }),
  }
}

export function fromProblem(problem: Partial<Problem>, fallback: string): DevmlopsError {
  const code = problem.code !== undefined && problem.code in errorTable ? problem.code : 'internal'
  return new DevmlopsError(code, problem.detail ?? fallback, {
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(problem.at === undefined ? {} : { at: problem.at }),
  })
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
