import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import type { RemotesConfig } from './remotes/remotes-section.ts'
import type { DataConfig, DatasetConfig } from './section.ts'

/** What the stage needs of the project; composition reads the file. */
export interface DataProject {
  /** Absolute. */
  readonly directory: string
  readonly sections: { readonly data: DataConfig; readonly remotes?: RemotesConfig }
}

/** @throws not_found with the nearest name. */
export function requireDataset({ sections }: DataProject, name: string): DatasetConfig {
  const datasets = sections.data
  const found = datasets[name]
  if (found !== undefined) return found
  const near = nearestName(name, Object.keys(datasets))
  return fail('not_found', `The project has no dataset "${name}".`, {
    hint: near === undefined ? 'Describe it under `data:` in devmlops.yaml.' : `Did you mean "${near}"?`,
    at: name,
  })
}
