import { DevmlopsError, messageOf, type ErrorCode } from '#contract/errors'
import { formatDuration } from '#contract/units'

const codes: Readonly<Record<string, ErrorCode>> = {
  // PostgreSQL's SQLSTATE
  '28P01': 'permission_denied',
  '28000': 'permission_denied',
  '42501': 'permission_denied',
  '57014': 'timed_out',
  '3D000': 'not_found',
  '53100': 'storage_full',
  // MySQL's names
  ER_ACCESS_DENIED_ERROR: 'permission_denied',
  ER_DBACCESS_DENIED_ERROR: 'permission_denied',
  ER_TABLEACCESS_DENIED_ERROR: 'permission_denied',
  ER_BAD_DB_ERROR: 'not_found',
  ER_QUERY_TIMEOUT: 'timed_out',
  ER_STATEMENT_TIMEOUT: 'timed_out',
}
/** The server, or the way to it, and not the query. */
const unreachable =
  /^(?:ECONN|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT|EHOST|ENETUN|PROTOCOL_|ER_SERVER_SHUTDOWN|ER_CONNECTION_KILLED|ER_NEW_ABORTING|57P0|08)/
const brokenOff = /terminat|connection error|closed|connection lost|server has gone away|killed|socket/i

export interface FailedQuery {
  readonly name: string
  readonly secret: string | undefined
  readonly timeoutMs: number
  readonly timedOut: boolean
}

/** What a foreign database said, without what only its owner may know. */
export function explainQueryFailure(error: unknown, query: FailedQuery): DevmlopsError {
  if (error instanceof DevmlopsError) return error
  const { name, timedOut, timeoutMs } = query
  const { code = '' } = error as { code?: string }
  const message = withoutSecret(messageOf(error), query.secret).replace(/\.$/, '')
  if (timedOut || codes[code] === 'timed_out') {
    return new DevmlopsError(
      'timed_out',
      `The query of ${name} took longer than ${formatDuration(timeoutMs)}.`,
      {
        hint: 'Raise `timeout` of the source, or make the query cheaper.',
        at: name,
      },
    )
  }
  const known = codes[code]
  if (known !== undefined) {
    return new DevmlopsError(known, `${name}: ${message}.`, {
      hint: 'Check the user, the password and the database in the URL.',
      at: name,
    })
  }
  if (unreachable.test(code) || (code === '' && brokenOff.test(message))) {
    return new DevmlopsError(
      'server_unreachable',
      `The connection to the database of ${name} broke off: ${message || code}.`,
      { hint: 'Nothing was taken in. Run the command again when the database answers.', at: name },
    )
  }
  return new DevmlopsError('invalid_input', `The database of ${name} refused the query: ${message}.`, {
    hint: 'Try the query with a client of the database.',
    at: name,
  })
}

function withoutSecret(message: string, url: string | undefined): string {
  if (url === undefined) return message
  const { password = '' } = URL.canParse(url) ? new URL(url) : {}
  const secrets = [url, password, decoded(password)].filter((secret) => secret !== '')
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
