import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '#platform/blobs/index'
import { isDigest } from '#platform/blobs/blob-store'
import { replaceFile } from '#platform/replace-file'
import { fail } from '#contract/errors'
import type { VersionSummary } from '../versions/dataset-version.ts'

/** Where the pointer files of a project are, from its folder: one a dataset, so that two of them never conflict. */
export const pointerFolder = 'data-versions'

/** What a pointer file says: which version of a dataset this commit belongs with. */
export interface Pointer {
  readonly dataset: string
  readonly version: number
  readonly digest: Digest
}

/** Two sides of a merge that nobody has decided yet. */
export interface ConflictedPointer {
  readonly dataset: string
  readonly sides: readonly { readonly version: number | undefined; readonly digest: Digest | undefined }[]
}

export type ReadPointer = Pointer | ConflictedPointer

export function isConflicted(pointer: ReadPointer): pointer is ConflictedPointer {
  return 'sides' in pointer
}

export function pointerPath(directory: string, dataset: string): string {
  return join(directory, pointerFolder, `${dataset}.yaml`)
}

/** The name of a pointer file as a person sees it. */
export function pointerName(dataset: string): string {
  return `${pointerFolder}/${dataset}.yaml`
}

const heading =
  '# The version of the data that this commit belongs with; `devmlops data add` and `checkout` write it.'

/** The same version has the same text, one field a line, so that a review shows what changed. */
export function pointerText(version: VersionSummary): string {
  const { dataset, digest, files, rows, sizeBytes } = version
  const size = version.kind === 'table' ? [`rows: ${rows}`, `files: ${files}`] : [`files: ${files}`]
  return [
    heading,
    `dataset: ${dataset}`,
    `version: ${version.version}`,
    `digest: ${digest}`,
    ...size,
    `bytes: ${sizeBytes}`,
    '',
  ].join('\n')
}

/** Writes the pointer when it says something else by now. */
export async function writePointer(directory: string, version: VersionSummary): Promise<void> {
  const path = pointerPath(directory, version.dataset)
  const text = pointerText(version)
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return
  await replaceFile(path, text)
}

/** @throws invalid_input when the file is there and is no pointer. */
export async function readPointer(directory: string, dataset: string): Promise<ReadPointer | undefined> {
  const text = await readFile(pointerPath(directory, dataset), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : parsePointer(text, dataset)
}

/** The datasets that have a pointer file. */
export async function pointedDatasets(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, pointerFolder)).catch(() => [])
  return names.flatMap((name) => /^([A-Za-z][\w-]*)\.yaml$/.exec(name)?.[1] ?? []).sort()
}

export function parsePointer(text: string, dataset: string): ReadPointer {
  const field = (part: string, name: string): string | undefined =>
    new RegExp(`^${name}: (.+)$`, 'm').exec(part)?.[1]?.trim()
  const read = (part: string) => {
    const version = Number(field(part, 'version'))
    const digest = field(part, 'digest') ?? ''
    return {
      version: Number.isInteger(version) && version > 0 ? version : undefined,
      digest: isDigest(digest) ? digest : undefined,
    }
  }
  if (/^<{7}/m.test(text)) {
    const ours = text.replace(/^={7}[\s\S]*?^>{7}.*$/gm, '').replace(/^\|{7}[\s\S]*$/m, '')
    const theirs = text.replace(/^<{7}[\s\S]*?^={7}.*$/gm, '')
    return { dataset, sides: [read(ours), read(theirs)] }
  }
  const { version, digest } = read(text)
  if (version !== undefined && digest !== undefined && field(text, 'dataset') === dataset) {
    return { dataset, version, digest }
  }
  return fail(
    'invalid_input',
    `${pointerName(dataset)} is no pointer file: it needs dataset, version and digest.`,
    {
      hint: `Restore it with Git, or write it anew: devmlops data checkout ${dataset}@VERSION.`,
      at: pointerName(dataset),
    },
  )
}
