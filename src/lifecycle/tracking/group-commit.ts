import { DevmlopsError } from '#contract/errors'

const largestGroup = 200

interface Waiting<Item, Outcome> {
  readonly item: Item
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes items that wait at the same time together, so that many share the cost of one commit; each is answered when its
 * group is on disk. A group begins when the one before it has ended: nobody waits for company.
 *
 * `write` answers one outcome for each item. When it fails with a fault, the items are written one by one, so that only
 * the one at fault fails.
 */
export function groupCommit<Item, Outcome>(
  write: (group: readonly Item[]) => Promise<readonly Outcome[]>,
): (item: Item) => Promise<Outcome> {
  let waiting: Waiting<Item, Outcome>[] = []
  let isWriting = false

  const writeGroup = async (group: readonly Waiting<Item, Outcome>[]): Promise<void> => {
    try {
      const outcomes = await write(group.map(({ item }) => item))
      for (const [index, { resolve }] of group.entries()) resolve(outcomes[index] as Outcome)
    } catch (error) {
      // A full disk or a lost server stops all of them.
      if (group.length === 1 || error instanceof DevmlopsError) for (const { reject } of group) reject(error)
      else for (const one of group) await writeGroup([one])
    }
  }

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = waiting.slice(0, largestGroup)
      waiting = waiting.slice(largestGroup)
      await writeGroup(group)
      // What became ready meanwhile joins the next group.
      await new Promise(setImmediate)
    }
    isWriting = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (isWriting) return
      isWriting = true
      // Not at once: what is ready in the same turn of the event loop goes together.
      setImmediate(() => void run())
    })
}
