/** How far a long piece of work is. */
export type ProgressReport = (progress: { readonly files: number; readonly bytes: number }) => void

export interface WorkProgress {
  readonly work: 'add' | 'checkout' | 'export'
  readonly files: number
  readonly bytes: number
}

/** What is being done with datasets now, for whoever watches. Lost with the process that does it. */
export interface ProgressBoard {
  of(dataset: string): WorkProgress | undefined
  /** Does the work while the board shows how far it is. */
  during<T>(
    dataset: string,
    work: WorkProgress['work'],
    act: (report: ProgressReport) => Promise<T>,
  ): Promise<T>
}

export function createProgressBoard(): ProgressBoard {
  const current = new Map<string, WorkProgress>()
  return {
    of: (dataset) => current.get(dataset),
    during: async (dataset, work, act) => {
      current.set(dataset, { work, files: 0, bytes: 0 })
      try {
        return await act(({ files, bytes }) => void current.set(dataset, { work, files, bytes }))
      } finally {
        current.delete(dataset)
      }
    },
  }
}
