import type { DataProject } from '../data-project.ts'
import type { DataStore } from '../store.ts'
import type { DatasetStatus } from '../folders/dataset-status.ts'
import { git } from './git-work-tree.ts'
import { isConflicted, pointedDatasets, pointerName, readPointer } from './pointer-file.ts'
import type { Finding, PointerCheck } from './pointer-check.ts'

export interface PointerCheckOptions {
  readonly project: DataProject
  readonly store: DataStore
  /** Also the working files are to be those of the pointers. */
  readonly working: boolean
  /** Whether a remote has that version, for whoever has no store of its own. */
  readonly onRemote: (dataset: string, wanted: { version: number; digest: string }) => Promise<boolean>
  readonly status: (dataset: string) => Promise<DatasetStatus>
}

/**
 * Whether the data that the pointer files name and the code of this commit belong together: every dataset has a pointer,
 * its version can be had, and the commit that the version was made with is in the history of this one.
 */
export async function checkPointers({
  project,
  store,
  working,
  onRemote,
  status,
}: PointerCheckOptions): Promise<PointerCheck> {
  const { directory, sections } = project
  const checked: PointerCheck['checked'] = []
  const findings: Finding[] = []
  const notes: string[] = []
  const declared = Object.keys(sections.data)
  for (const dataset of declared) {
    const find = (problem: string, hint: string): void => void findings.push({ dataset, problem, hint })
    const pointer = await readPointer(directory, dataset)
    if (pointer === undefined) {
      find(`${pointerName(dataset)} is missing`, `devmlops data add ${dataset}, then commit the file.`)
      continue
    }
    if (isConflicted(pointer)) {
      find(`${pointerName(dataset)} has an undecided merge`, `devmlops data status ${dataset} explains it.`)
      continue
    }
    checked.push(pointer)
    const version = await store.versionOf(dataset, pointer)
    const name = `${dataset}@${pointer.version} (${pointer.digest.slice(7, 19)})`
    if (version === undefined) {
      const there = await store.version(dataset, pointer.version)
      if (await onRemote(dataset, pointer)) notes.push(`${name} is on the remote, and not in this store.`)
      else if (there === undefined) {
        find(
          `${name} is neither in this store nor on a remote`,
          `devmlops data push ${dataset} where it was made.`,
        )
      } else {
        find(
          `${dataset}@${pointer.version} has another digest here, ${there.digest.slice(7, 19)}`,
          `It was made elsewhere; fetch it: devmlops data pull ${dataset}.`,
        )
      }
      continue
    }
    const { code } = version
    if (code !== null && (await isElsewhere(directory, code.commit))) {
      find(
        `${name} was made with the code of ${code.commit.slice(0, 12)}, which is not in the history of this commit`,
        'Merge that commit, or add the data again with this code.',
      )
    }
    if (code?.dirty === true) notes.push(`${name} was made with changes that no commit holds.`)
    if (working) await checkWorking(await status(dataset), find)
  }
  for (const dataset of await pointedDatasets(directory)) {
    if (declared.includes(dataset)) continue
    findings.push({
      dataset,
      problem: `${pointerName(dataset)} is of no dataset in devmlops.yaml`,
      hint: 'Remove the file, or describe the dataset.',
    })
  }
  return { checked, findings, notes }
}

async function checkWorking(
  { dataset, kind, added, modified, deleted }: DatasetStatus,
  find: (problem: string, hint: string) => void,
): Promise<void> {
  const count = added.count + modified.count + deleted.count
  // What a table has not taken in yet is no difference from its version.
  if (kind === 'table' || count === 0) return
  const [first] = [...added.paths, ...modified.paths, ...deleted.paths]
  const more = count === 1 ? '' : ` and ${count - 1} more`
  find(
    `the working files differ from ${pointerName(dataset)}: ${first ?? ''}${more}`,
    `devmlops data add ${dataset} and commit the pointer, or devmlops data checkout ${dataset}.`,
  )
}

/** Undefined history (a shallow clone, no Git) is no reason to refuse. */
async function isElsewhere(directory: string, commit: string): Promise<boolean> {
  const known = await git(directory, ['cat-file', '-e', `${commit}^{commit}`])
  if (known === undefined) return (await git(directory, ['rev-parse', '--is-shallow-repository'])) === 'false'
  return (await git(directory, ['merge-base', '--is-ancestor', commit, 'HEAD'])) === undefined
}
