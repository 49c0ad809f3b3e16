import { DevmlopsError, messageOf } from '#contract/errors'

/** SQLite's primary result codes (the low byte of an extended one), https://sqlite.org/rescode.html. */
const sqlite = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const
/** A shared-memory file that could not grow: on a full disk this comes before `full`. */
const sharedMemorySize = 4874

/** What a person can do about an error of SQLite; errors of statements, which are ours, are passed on as they are. */
export function explainSqlite(error: unknown, path: string): unknown {
  const extended = (error as { errcode?: unknown }).errcode
  if (typeof extended !== 'number') return error
  const code = extended & 0xff
  const cause = { cause: error }
  if (code === sqlite.full || extended === sharedMemorySize) {
    return new DevmlopsError('storage_full', `The disk of ${path} is full.`, {
      hint: 'Free space, then run the command again. What is stored is unharmed.',
      ...cause,
    })
  }
  if (code === sqlite.corrupt || code === sqlite.notADatabase) {
    return new DevmlopsError('storage_corrupt', `The store ${path} is damaged: ${messageOf(error)}.`, {
      hint: 'Restore it from a copy.',
      ...cause,
    })
  }
  if (code === sqlite.busy || code === sqlite.locked) {
    return new DevmlopsError('store_in_use', `Another process writes to ${path}.`, {
      hint: 'Wait until it ends, then run the command again.',
      ...cause,
    })
  }
  if (code === sqlite.readOnly || code === sqlite.cannotOpen) {
    return new DevmlopsError(
      'permission_denied',
      `The store ${path} cannot be written: ${messageOf(error)}.`,
      {
        hint: 'Check who owns the folder and whether its disk is mounted read-only.',
        ...cause,
      },
    )
  }
  return error
}

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
])

/**
 * What a person can do about a PostgreSQL that cannot be reached, or that refuses for reasons that are not in our
 * statements (codes: PostgreSQL's appendix A). Says host and database, never the password.
 */
export function explainPostgres(error: unknown, url: string): unknown {
  const code = (error as { code?: string }).code ?? ''
  const place = placeOf(url)
  const isGone = /timeout|connection terminated|connection ended/i.test(messageOf(error))
  // Class 08: connection exceptions; 57P: it is shut down, or starts; 53300: it has no connection left.
  if (unreachable.has(code) || isGone || /^(?:08|57P0[1-3]|53300)/.test(code)) {
    return new DevmlopsError('server_unreachable', `No PostgreSQL answers at ${place}.`, {
      hint: 'Start it, or check DEVMLOPS_DATABASE_URL.',
      cause: error,
    })
  }
  if (code === '53100') {
    return new DevmlopsError('storage_full', `The disk of PostgreSQL at ${place} is full.`, {
      hint: 'Free space. What is stored is unharmed.',
      cause: error,
    })
  }
  if (code === '22021') {
    return new DevmlopsError(
      'invalid_input',
      'A text holds the character U+0000, which PostgreSQL does not store.',
      {
        cause: error,
      },
    )
  }
  // Class 28: invalid authorization; 3D000: no such database.
  if (code.startsWith('28') || code === '3D000') {
    return new DevmlopsError('permission_denied', `PostgreSQL at ${place} refused: ${messageOf(error)}.`, {
      hint: 'Check the user, the password and the database in DEVMLOPS_DATABASE_URL.',
      cause: error,
    })
  }
  return error
}

function placeOf(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url)
    return `${hostname}:${port === '' ? '5432' : port}${pathname}`
  } catch {
    return 'the address in DEVMLOPS_DATABASE_URL'
  }
}
