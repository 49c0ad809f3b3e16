import { fail } from '#contract/errors'
import { arrivingFile } from '../sources/arriving.ts'
import type { Collected } from '../sources/collected.ts'
import type { DatasetConfig } from '../section.ts'
import type { ProducedBy } from './dataset-version.ts'

/** What a step of a pipeline made, as files on this machine. */
export interface Published {
  /** `directory`: a folder of any files. */
  readonly kind: 'table' | 'file' | 'directory'
  readonly files: readonly { readonly path: string; readonly name: string }[]
  /** Where the files of a directory are, under their names; absolute. */
  readonly folder?: string | undefined
  readonly producedBy: ProducedBy
}

export function requireDirectory(dataset: string): never {
  return fail('invalid_input', `"${dataset}" is a folder, and only a directory can be published as it.`, {
    hint: 'Publish an output of the kind directory, or make the source of the dataset a table.',
  })
}

/** The files of a step as if they had arrived from the source of a table. */
export async function publishedFiles(
  dataset: string,
  {
    config,
    published,
    spool,
  }: {
    readonly config: DatasetConfig
    readonly published: Published
    readonly spool: string
  },
): Promise<Collected> {
  const { kind, files, producedBy } = published
  if (kind === 'directory') {
    fail('invalid_input', `"${dataset}" is a table, and a folder of files was to be published as it.`, {
      hint: 'Publish one table, or make the source of the dataset a folder.',
    })
  }
  const arriving = []
  for (const { path, name } of files) {
    const called = `${producedBy.pipeline}/${producedBy.step}/${name}`
    arriving.push(await arrivingFile({ path, name: called, fileName: name }, config, spool))
  }
  return {
    files: arriving,
    source: { kind: 'files', paths: arriving.map(({ name }) => name) },
    unchanged: [],
    downloads: [],
    producedBy,
    release: async () => undefined,
  }
}
