/** Something that could not be brought, and why. */
export interface ImportProblem {
  /** What it is about, such as `run 3f2a…/model.pkl`. */
  readonly subject: string
  readonly reason: string
}

export type TellProblem = (problem: ImportProblem) => void
