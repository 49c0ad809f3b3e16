import { setTimeout as sleep } from 'node:timers/promises'
import { formatBytes } from '#contract/units'

/** A model as far as memory is concerned. */
export interface MemoryHolder {
  readonly label: string
  /** What it holds now; 0 while it is not loaded. */
  readonly heldBytes: number
  /** By `performance.now()`. */
  readonly lastUsedAt: number
  /** Nobody asks it at the moment, and whoever deployed it said that it may go. */
  readonly canUnload: boolean
  /** It stays, also when nobody asks it. */
  readonly isPinned: boolean
  unload(): Promise<void>
}

export interface MemoryOptions {
  readonly budgetBytes: () => number | undefined
  readonly holders: () => Iterable<MemoryHolder>
}

/** Room in memory that was set aside for a load; give it back when the load has ended, whichever way. */
export interface Reservation {
  release(): void
}

const pauseMs = 20

/**
 * Keeps models within a budget: before one is loaded, those that were not asked for longest are released until there is
 * room. Waits until `until` for models that are in use now. Undefined when there is no room by then.
 */
export function createModelMemory({ budgetBytes, holders }: MemoryOptions) {
  let reservedBytes = 0
  const heldBytes = (): number => {
    let bytes = reservedBytes
    for (const holder of holders()) bytes += holder.heldBytes
    return bytes
  }
  /** Releases what may go until `wanted` bytes have room; false when that is not enough. */
  const makeRoom = async (wanted: number): Promise<boolean> => {
    for (;;) {
      const budget = budgetBytes()
      if (budget === undefined || heldBytes() + wanted <= budget) return true
      let oldest: MemoryHolder | undefined
      for (const holder of holders()) {
        if (!holder.canUnload || holder.heldBytes === 0) continue
        if (oldest === undefined || holder.lastUsedAt < oldest.lastUsedAt) oldest = holder
      }
      if (oldest === undefined) return false
      await oldest.unload()
    }
  }
  /** No waiting makes room for it. */
  const isHopeless = (wanted: number): boolean => {
    let staying = 0
    for (const holder of holders()) if (holder.isPinned) staying += holder.heldBytes
    return staying + wanted > (budgetBytes() ?? Infinity)
  }
  return {
    get heldBytes() {
      return heldBytes()
    },
    get budgetBytes() {
      return budgetBytes()
    },
    reserve: async (bytes: number, until: number): Promise<Reservation | undefined> => {
      while (!(await makeRoom(bytes))) {
        if (performance.now() >= until || isHopeless(bytes)) return undefined
        await sleep(pauseMs)
      }
      reservedBytes += bytes
      let isOpen = true
      return {
        release: () => {
          if (isOpen) reservedBytes -= bytes
          isOpen = false
        },
      }
    },
    /** Brings memory back under the budget after a model turned out larger than estimated, or the budget smaller. */
    trim: () => makeRoom(0),
    /** What fills the budget, largest first, for whoever is refused. */
    describe: (): string => {
      const held = [...holders()].filter((holder) => holder.heldBytes > 0)
      const shown = held
        .toSorted((left, right) => right.heldBytes - left.heldBytes)
        .slice(0, 5)
        .map((holder) => `${holder.label} ${formatBytes(holder.heldBytes)}`)
      const more = held.length > shown.length ? ` and ${held.length - shown.length} more` : ''
      const budget = formatBytes(budgetBytes() ?? 0)
      if (shown.length === 0) return `the budget is ${budget}`
      return `${formatBytes(heldBytes())} of ${budget} are taken (${shown.join(', ')}${more})`
    },
  }
}

export type ModelMemory = ReturnType<typeof createModelMemory>
