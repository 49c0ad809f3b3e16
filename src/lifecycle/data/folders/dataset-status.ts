import { z } from 'zod'
import { datasetNameSchema } from '../section.ts'
import { datasetKindSchema } from '../versions/dataset-version.ts'
import { digestSchema } from '../versions/snapshot.ts'

const pathsSchema = z.object({
  count: z.int(),
  paths: z.array(z.string()).describe('the first of them, in order'),
})

/** What differs between the working files of a dataset and a version of it. */
export const datasetStatusSchema = z.object({
  dataset: datasetNameSchema,
  kind: datasetKindSchema,
  place: z.string().describe('the folder, or the patterns, as in devmlops.yaml'),
  version: z
    .object({ version: z.int(), digest: digestSchema })
    .nullable()
    .describe('what the files are compared with; null when there is no version'),
  by: z
    .enum(['pointer', 'checkout', 'newest'])
    .describe(
      'why that version: the pointer file names it, it was checked out or added here last, or it is the newest',
    ),
  newest: z.int().nullable(),
  clean: z.boolean().describe('the files are those of the version'),
  added: pathsSchema,
  modified: pathsSchema,
  deleted: pathsSchema,
  only: z.array(z.string()).describe('of a part that was checked out: the patterns'),
  notes: z.array(z.string()),
})
export type DatasetStatus = Readonly<z.infer<typeof datasetStatusSchema>>

export interface PathList {
  count: number
  readonly paths: string[]
}

export function emptyPathLists(): Record<'added' | 'modified' | 'deleted', PathList> {
  return {
    added: { count: 0, paths: [] },
    modified: { count: 0, paths: [] },
    deleted: { count: 0, paths: [] },
  }
}

export function addPath(list: PathList, path: string, limit: number): void {
  list.count += 1
  if (list.paths.length < limit) list.paths.push(path)
}
