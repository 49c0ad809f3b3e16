import { fail } from '#contract/errors'

/** Where a page begins. `upTo` leaves out what was added after the first page was read. */
export interface PagePlace {
  readonly offset: number
  readonly upTo?: number
}

/** The place in a form that callers hand back and do not read. */
export function tokenOf({ offset, upTo }: PagePlace): string {
  return Buffer.from(JSON.stringify({ offset, upTo })).toString('base64url')
}

/** The beginning when there is no token. Fails with `invalid_input` for a text that is none of ours. */
export function parseToken(token: string | undefined): PagePlace {
  if (token === undefined || token === '') return { offset: 0 }
  try {
    const { offset, upTo } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Record<string, unknown>
    if (isCount(offset) && upTo === undefined) return { offset }
    if (isCount(offset) && isCount(upTo)) return { offset, upTo }
  } catch {
    // Answered below, like any other text that is no token.
  }
  return fail('invalid_input', `"${token.slice(0, 40)}" is not the \`next\` of an earlier page.`, {
    at: 'after',
  })
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Asks for one more than the page holds, to know whether another page follows. */
export async function pageFrom<Item>(
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  read: (window: { limit: number; offset: number }) => Promise<readonly Item[]>,
): Promise<{ items: Item[]; next?: string }> {
  const { offset } = parseToken(after)
  const found = await read({ limit: limit + 1, offset })
  const items = found.slice(0, limit)
  return found.length > limit ? { items, next: tokenOf({ offset: offset + limit }) } : { items }
}
