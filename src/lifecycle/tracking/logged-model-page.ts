import { createHash } from 'node:crypto'
import { fail } from '#contract/errors'
import type { LoggedModelSearch } from './logged-model-search.ts'

const queryParts = { e: 'Experiment IDs', f: 'Filter string', o: 'Order by', d: 'Datasets' } as const

/** A token is only good for the query that it came from: elsewhere its page would hold something else. */
function digestsOf(search: LoggedModelSearch): Record<keyof typeof queryParts, string> {
  const short = (part: unknown): string =>
    createHash('sha256')
      .update(JSON.stringify(part ?? null))
      .digest('base64url')
      .slice(0, 12)
  return {
    e: short([search.experimentIds, search.sourceRunId]),
    f: short(search.filter ?? ''),
    o: short(search.order ?? []),
    d: short(search.datasets ?? []),
  }
}

export function tokenOf(search: LoggedModelSearch, offset: number): string {
  return Buffer.from(JSON.stringify({ offset, ...digestsOf(search) })).toString('base64url')
}

/** Where the page begins: from 0. */
export function placeOf(search: LoggedModelSearch): number {
  const { pageToken } = search
  if (pageToken === undefined || pageToken === '') return 0
  const given = parseToken(pageToken)
  const { offset } = given
  if (!Number.isSafeInteger(offset) || (offset as number) < 0) invalidToken(pageToken)
  for (const [part, digest] of Object.entries(digestsOf(search))) {
    if (given[part] === digest) continue
    fail(
      'invalid_input',
      `${queryParts[part as keyof typeof queryParts]} in the page token do not match the requested ones.`,
      { at: 'page_token' },
    )
  }
  return offset as number
}

function parseToken(token: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Answered below, like any other text that is no token.
  }
  return invalidToken(token)
}

function invalidToken(token: string): never {
  return fail('invalid_input', `Invalid page token: ${token.slice(0, 60)}`, { at: 'page_token' })
}
