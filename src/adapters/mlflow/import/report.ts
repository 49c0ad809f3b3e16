import type { ImportProblem } from './problem.ts'
import type { LeftBehind } from './source.ts'

/** What an import has brought so far. What was there already counts as known. */
export interface ImportCounts {
  experiments: number
  runs: number
  knownRuns: number
  points: number
  artifacts: number
  artifactBytes: number
  loggedModels: number
  knownLoggedModels: number
  models: number
  versions: number
  knownVersions: number
  aliases: number
}

export interface ImportReport {
  readonly source: string
  readonly counts: Readonly<ImportCounts>
  /** The first of what could not be brought. */
  readonly problems: readonly ImportProblem[]
  readonly problemCount: number
  readonly leftBehind: readonly LeftBehind[]
}

/** A million missing files must not fill the memory, and nobody reads more. */
const keptProblems = 200

export function createReport(source: string) {
  const counts: ImportCounts = {
    experiments: 0,
    runs: 0,
    knownRuns: 0,
    points: 0,
    artifacts: 0,
    artifactBytes: 0,
    loggedModels: 0,
    knownLoggedModels: 0,
    models: 0,
    versions: 0,
    knownVersions: 0,
    aliases: 0,
  }
  const problems: ImportProblem[] = []
  let problemCount = 0
  let leftBehind: readonly LeftBehind[] = []
  return {
    counts,
    tell: (problem: ImportProblem): void => {
      problemCount += 1
      if (problems.length < keptProblems) problems.push(problem)
    },
    problemCount: (): number => problemCount,
    leaveBehind: (left: readonly LeftBehind[]): void => {
      leftBehind = left
    },
    read: (): ImportReport => ({ source, counts, problems, problemCount, leftBehind }),
  }
}

export type Report = ReturnType<typeof createReport>
