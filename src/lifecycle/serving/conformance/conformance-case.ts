import type { Target } from './target.ts'

export type Section = 'core' | 'errors' | 'binary tensors' | 'repository' | 'statistics' | 'gRPC'

/** One thing that a server must, or should, do. */
export interface ConformanceCase {
  /** Does not change, so that results of two runs can be compared. */
  readonly id: string
  readonly section: Section
  /** What the specification or the extension says, in a sentence. */
  readonly rule: string
  /** False for what servers are advised to do. */
  readonly required: boolean
  /** Throws {@link Unmet} when the server does not do it, and {@link NotApplicable} when it cannot be asked of it. */
  check(target: Target): Promise<void>
}

export class Unmet extends Error {}
export class NotApplicable extends Error {}

/** @param problem what was wrong, in a sentence */
export function expect(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new Unmet(problem)
}

export function skip(reason: string): never {
  throw new NotApplicable(reason)
}

type Check = ConformanceCase['check']

/** The cases of a section: required ones are `must`, the others `should`. */
export function casesOf(
  section: Section,
  prefix: string,
): {
  readonly must: (id: string, rule: string, check: Check) => ConformanceCase
  readonly should: (id: string, rule: string, check: Check) => ConformanceCase
} {
  const make =
    (required: boolean) =>
    (id: string, rule: string, check: Check): ConformanceCase => ({
      id: `${prefix}.${id}`,
      section,
      rule,
      required,
      check,
    })
  return { must: make(true), should: make(false) }
}
