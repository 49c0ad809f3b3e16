import { z } from 'zod'
import { fail } from '#contract/errors'

const pattern = z.string().min(1)

/** A folder whose files are the dataset, whatever their bytes mean. */
export const folderSourceSchema = z.strictObject({
  folder: z.string().min(1).meta({
    description: 'A folder such as images/, inside the project unless the path is absolute',
  }),
  exclude: z.array(pattern).prefault([]).meta({
    description:
      'What is left out: names such as *.tmp at any depth, or paths such as drafts/** from the folder',
  }),
  links: z.enum(['refuse', 'follow']).default('refuse').meta({
    description: 'Symbolic links: refuse them, or follow those to files inside the folder',
  }),
})
export type FolderSource = z.output<typeof folderSourceSchema>

/** @throws invalid_input: a folder is added as a whole. */
export function requireNoPaths(
  dataset: string,
  { folder }: FolderSource,
  paths: readonly string[] | undefined,
): void {
  if (paths === undefined) return
  fail('invalid_input', `"${dataset}" is the folder ${folder} as a whole, so it takes no file by itself.`, {
    hint: `Put the file into ${folder}, then: devmlops data add ${dataset}.`,
    at: 'paths',
  })
}

export function isFolderSource(source: object): source is FolderSource {
  return 'folder' in source
}
