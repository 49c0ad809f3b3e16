import type { Rollout } from './rollout.ts'

/** How often the time of a step is written down; so much at most is lost with a server that is killed. */
const keepMs = 5_000

interface Counted {
  readonly at: number
  readonly keptAt: number
  readonly elapsedMs: number
}

type Timed = Pick<Rollout, 'id' | 'stepElapsedMs'>

/**
 * Counts how long steps run while somebody watches, by a clock that does not jump. A clock that is set forward skips no
 * step, and the time that no server was there for is not counted.
 */
export function createStepClock(monotonicMs: () => number) {
  const counted = new Map<string, Counted>()
  return {
    /** The time of the step until now; the first look at a rollout begins with what is written down. */
    count: ({ id, stepElapsedMs }: Timed): number => {
      const at = monotonicMs()
      const known = counted.get(id)
      const elapsedMs = known === undefined ? stepElapsedMs : known.elapsedMs + (at - known.at)
      counted.set(id, { at, keptAt: known?.keptAt ?? at, elapsedMs })
      return elapsedMs
    },

    /** Whether it is to be written down now. */
    isKeepDue: (id: string): boolean => {
      const known = counted.get(id)
      if (known === undefined || known.at - known.keptAt < keepMs) return false
      counted.set(id, { ...known, keptAt: known.at })
      return true
    },

    /** With the time as it was counted last. */
    seen: (rollout: Rollout): Rollout => ({
      ...rollout,
      stepElapsedMs: counted.get(rollout.id)?.elapsedMs ?? rollout.stepElapsedMs,
    }),

    /** Another step begins, or none. */
    forget: (id: string): void => void counted.delete(id),
  }
}
