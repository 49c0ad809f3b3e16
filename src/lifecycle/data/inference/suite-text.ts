import { fail } from '#contract/errors'
import { editProject, type ProjectEdit } from '../../project/index.ts'
import type { Corrections } from './suite-proposal.ts'

/** An expectation for the file, with why, where there is something to say. */
interface Written {
  readonly expectation: Readonly<Record<string, unknown>>
  readonly reason?: string
}

/** The project file with the proposals under the dataset's expectations, each with its reason above it. */
export function withProposals(text: string, dataset: string, proposals: readonly Written[]): string {
  return editProject(
    text,
    proposals.map(({ expectation, reason }): ProjectEdit => ({
      kind: 'append',
      path: ['data', dataset, 'expectations'],
      value: expectation,
      ...(reason === undefined ? {} : { comment: reason }),
    })),
  )
}

/** Proposals as a list to paste under a dataset. */
export function proposalsText(proposals: readonly Written[]): string {
  const text = withProposals('data:\n  x:\n    y: 1\n', 'x', proposals)
  return text
    .split('\n')
    .slice(3, -1)
    .map((line) => line.slice(2))
    .join('\n')
}

/** The project file with the corrections. The values of one list are set once, whatever the number of arrivals. */
export function withCorrections(text: string, { dataset, arrivals }: Corrections): string {
  const edits = arrivals.flatMap(({ corrections }) => corrections.flatMap((one) => one.edits))
  const latest = new Map<string, ProjectEdit>()
  for (const edit of edits) {
    const placed: ProjectEdit = { ...edit, path: ['data', dataset, ...edit.path] }
    latest.set(JSON.stringify([edit.kind, edit.path, edit.kind === 'append' ? edit.value : null]), placed)
  }
  return editProject(text, [...latest.values()])
}

/** Refuses to add to a dataset that the file does not describe: the new list would stand alone. */
export function requireDescribed(text: string, dataset: string): void {
  const described = new RegExp(`^\\s+["']?${dataset}["']?\\s*:`, 'm').test(text)
  if (described) return
  fail('not_found', `The project file has no dataset "${dataset}".`, {
    hint: 'Describe its source under `data:` first.',
    at: dataset,
  })
}
