import { DevmlopsError } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { Uncheckable, type ReferencedTable } from '../checks/compiled-check.ts'
import { checksOf } from '../checks/expectation.ts'
import type { TableReference } from '../checks/forms/form-parts.ts'
import { noReferences, referencesOf, type References } from '../checks/references.ts'
import { parseReference, type VersionName } from '../reference.ts'
import { localParts } from '../rows/arrival-tables.ts'
import { relationOf } from '../rows/relation.ts'
import type { DatasetConfig } from '../section.ts'
import type { DatasetVersion } from './dataset-version.ts'

/** The versions that checks compare with, at hand for a query. */
export interface ComparedVersions {
  readonly references: References
  /** Files that the queries read. */
  readonly paths: readonly string[]
  /** Which versions they are: a judgement depends on them. */
  readonly digests: readonly string[]
}

export const nothingCompared: ComparedVersions = { references: noReferences, paths: [], digests: [] }

interface ComparedOptions {
  readonly dataset: string
  readonly config: DatasetConfig
  readonly platform: Platform
  /** @throws not_found */
  readonly version: (dataset: string, version: VersionName) => Promise<DatasetVersion>
}

/** Finds the versions that checks of a dataset compare with; `previous` is the one before the rows that are judged. */
export type Compare = (previous: number | null | undefined) => Promise<ComparedVersions>

export function compareVersions({ dataset, config, platform, version }: ComparedOptions): Compare {
  return async (previous) => {
    const wanted = referencesOf(checksOf(config))
    if (wanted.length === 0) return nothingCompared
    const tables = new Map<TableReference, ReferencedTable | string>()
    const paths: string[] = []
    const digests: string[] = []
    for (const reference of wanted) {
      // The first version has none before it.
      if (reference === 'previous' && typeof previous !== 'number') continue
      const found = await find(reference)
      if (typeof found === 'string') tables.set(reference, found)
      else {
        const local = await localParts(found.parts, platform)
        paths.push(...local.map(({ path }) => path))
        digests.push(found.digest)
        tables.set(reference, {
          name: `${found.dataset}@${found.version}`,
          columns: found.columns,
          rows: found.rows,
          relation: relationOf(found.columns, local),
        })
      }
    }
    return { references: referenceIn(tables), paths, digests }

    /** The version, or why there is none: the check is an error then, and the others are judged. */
    async function find(reference: TableReference): Promise<DatasetVersion | string> {
      try {
        if (reference === 'previous') return await version(dataset, previous ?? 'latest')
        if (typeof reference === 'number') return await version(dataset, reference)
        const { name, version: named } = parseReference(reference)
        return await version(name, named)
      } catch (error) {
        if (!(error instanceof DevmlopsError) || error.code !== 'not_found') throw error
        return error.message.replace(/\.$/, '')
      }
    }
  }
}

function referenceIn(tables: ReadonlyMap<TableReference, ReferencedTable | string>): References {
  return (reference) => {
    const found = tables.get(reference)
    if (found === undefined) return noReferences(reference)
    if (typeof found === 'string') throw new Uncheckable(found)
    return found
  }
}
