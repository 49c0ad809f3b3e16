import { collidingNames, portabilityProblem } from './file-names.ts'
import { joinPath } from './tree-path.ts'
import type { TreeEntry } from './tree-node.ts'

const mostWarnings = 20

/** What will not work the same on every system, the first of it. */
export interface WarningList {
  look(path: string, entries: readonly TreeEntry[]): void
  /** Sentences. */
  all(): string[]
}

export function createWarningList(): WarningList {
  const warnings: string[] = []
  let more = 0
  const add = (warning: string): void => {
    if (warnings.length < mostWarnings) warnings.push(warning)
    else more += 1
  }
  return {
    look: (path, entries) => {
      const names = entries.map(({ name }) => name)
      const colliding = collidingNames(names)
      if (colliding !== undefined) {
        const [first, second] = colliding.map((name) => joinPath(path, name))
        add(`${first} and ${second} are one file where capitals do not count (macOS, Windows).`)
      }
      for (const name of names) {
        const problem = portabilityProblem(name)
        if (problem !== undefined) add(`${joinPath(path, name)} cannot be written on Windows: ${problem}.`)
      }
    },
    all: () => (more === 0 ? warnings : [...warnings, `And ${more} more such names.`]),
  }
}
