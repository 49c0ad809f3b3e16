/**
 * Does work side by side, at most so many at once, and waits for all of it: the first failure stops what has not begun,
 * and is thrown when nothing runs any more.
 */
export async function inParallel<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<void>,
  { limit = 8, signal }: { readonly limit?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const running = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  for await (const item of items) {
    if (failure !== undefined || signal?.aborted === true) break
    const one = work(item)
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => running.delete(one))
    running.add(one)
    if (running.size >= limit) await Promise.race(running)
  }
  await Promise.all(running)
  if (failure !== undefined) throw failure.error
  signal?.throwIfAborted()
}
