import type { Transition } from './contract.ts'

type Move = Pick<Transition, 'kind' | 'toVersion'>

/**
 * The versions that an alias can go back through, oldest first; the last one is where it stood when it last stood
 * somewhere. Setting an alias adds a step, rolling back takes the last one away. So a second rollback goes further back
 * instead of returning to what was just left, and a version set after a rollback stands on what the rollback went to.
 */
export function aliasTrail(moves: readonly Move[]): number[] {
  const trail: number[] = []
  for (const { kind, toVersion } of moves) {
    if (kind === 'removed' || toVersion === null) continue
    if (kind === 'set') {
      if (trail.at(-1) !== toVersion) trail.push(toVersion)
      continue
    }
    // A rollback says where it went; everything after the last time the alias was there is left behind.
    trail.length = trail.lastIndexOf(toVersion) + 1
  }
  return trail
}

/**
 * Where a rollback goes: to the step before the current one; for an alias that was removed, to where it stood last.
 * Undefined when there is nothing to go back to.
 */
export function rollbackTarget(moves: readonly Move[], current: number | undefined): number | undefined {
  const trail = aliasTrail(moves)
  return trail.at(-1) === current ? trail.at(-2) : trail.at(-1)
}
