import { fail } from '#contract/errors'

/** Where the next page begins, in a form that callers hand back and do not read. */
function pageToken(offset: number): string {
  return Buffer.from(JSON.stringify({ offset })).toString('base64url')
}

function offsetOf(token: string | undefined): number {
  if (token === undefined || token === '') return 0
  try {
    const { offset } = JSON.parse(Buffer.from(token, 'base64url').toString()) as { offset?: unknown }
    if (Number.isSafeInteger(offset) && (offset as number) >= 0) return offset as number
  } catch {
    // Answered below, like any other text that is no token.
  }
  return fail('invalid_input', `"${token.slice(0, 40)}" is not the \`next\` of an earlier page.`, {
    at: 'after',
  })
}

/** Asks for one more than the page holds, to know whether another page follows. */
export async function pageFrom<Item>(
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  read: (window: { limit: number; offset: number }) => Promise<readonly Item[]>,
): Promise<{ items: Item[]; next?: string }> {
  const offset = offsetOf(after)
  const found = await read({ limit: limit + 1, offset })
  const items = found.slice(0, limit)
  return found.length > limit ? { items, next: pageToken(offset + limit) } : { items }
}
