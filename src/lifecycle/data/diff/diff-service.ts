import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { maskProfile } from '../personal/mask-profile.ts'
import { stricterOf } from '../personal/masking.ts'
import type { Maskings } from '../personal/maskings.ts'
import type { VersionProfile } from '../profiles/version-profile.ts'
import type { DataProject } from '../data-project.ts'
import type { VersionName } from '../reference.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { compareRows, type CompareRows } from './compare-rows.ts'
import { diffVersions, sideOf, type Diff, type Layer } from './diff.ts'
import { diffFolders } from './folder-diff.ts'
import type { RowDiff, ShownRowChange } from './row-changes.ts'
import type { RowChangeKind } from './row-page.ts'

export interface DiffRequest {
  readonly name: string
  readonly from: VersionName
  readonly to: VersionName
  /** The dataset of `to`, where it is another one. */
  readonly with?: string | undefined
  /** Names with commas between. */
  readonly key?: string | undefined
}

export interface DiffService {
  diff(request: DiffRequest & { readonly layer?: Layer | undefined }): Promise<Diff>
  /** The page after `cursor`, with what the diff of all rows says. */
  rows(
    request: DiffRequest & {
      readonly kind?: RowChangeKind | undefined
      readonly limit: number
      readonly cursor?: string | undefined
    },
  ): Promise<{ rows: RowDiff; items: ShownRowChange[]; next?: string }>
}

export interface DiffServiceOptions {
  readonly platform: Platform
  readonly project: () => Promise<DataProject>
  readonly maskings: Maskings
  readonly version: (name: string, version: VersionName) => Promise<DatasetVersion>
  readonly profile: (version: DatasetVersion) => Promise<VersionProfile>
}

export function createDiffService(options: DiffServiceOptions): DiffService {
  const { platform, maskings } = options
  const pair = async (request: DiffRequest): Promise<CompareRows> => {
    const from = await options.version(request.name, request.from)
    const to = await options.version(request.with ?? request.name, request.to)
    if (from.kind !== to.kind) {
      fail(
        'invalid_input',
        `${from.dataset}@${from.version} is a ${from.kind} and ${to.dataset}@${to.version} a ${to.kind}.`,
        { hint: 'Compare two tables, or two folders.' },
      )
    }
    const masking = stricterOf(await maskings.of(from.dataset), await maskings.of(to.dataset))
    return { from, to, masking, key: await keyOf(request, from, to) }
  }
  const keyOf = async (
    { name, key }: DiffRequest,
    from: DatasetVersion,
    to: DatasetVersion,
  ): Promise<readonly string[]> => {
    if (key !== undefined) {
      return key
        .split(',')
        .map((column) => column.trim())
        .filter((column) => column !== '')
    }
    const declared = (await options.project()).sections.data[name]?.key ?? []
    // A version from before the dataset had a key is compared by whole rows.
    const has = (version: DatasetVersion): boolean =>
      declared.every((column) => version.columns.some((other) => other.name === column))
    return has(from) && has(to) ? declared : []
  }

  return {
    diff: async (request) => {
      const { layer } = request
      const compared = await pair(request)
      const { from, to, masking } = compared
      if (from.kind === 'folder') {
        return { ...emptyDiff(from, to), files: await diffFolders(from, to, platform) }
      }
      const profiles = {
        from: maskProfile(masking, await options.profile(from)),
        to: maskProfile(masking, await options.profile(to)),
      }
      const time = (await options.project()).sections.data[request.name]?.time
      const { columns, ...rest } = diffVersions(from, to, { ...profiles, time })
      const wants = (one: Layer): boolean => layer === undefined || layer === one
      return {
        ...rest,
        columns: wants('distributions') ? columns : [],
        rows: wants('rows') ? (await compareRows(compared, platform)).counts : null,
        files: null,
      }
    },
    rows: async ({ kind, limit, cursor, ...request }) => {
      const compared = await pair(request)
      if (compared.from.kind === 'folder') {
        fail('invalid_input', `${request.name} is a folder of files, which have no rows.`, {
          hint: 'Leave the layer out to see which files differ.',
        })
      }
      const offset = Number(cursor ?? 0)
      // One more than asked for tells whether there is another page.
      const page = { kind, limit: limit + 1, offset }
      const { counts, items } = await compareRows({ ...compared, page }, platform)
      const answer = { rows: counts, items: items.slice(0, limit) }
      return items.length > limit ? { ...answer, next: String(offset + limit) } : answer
    },
  }
}

function emptyDiff(from: DatasetVersion, to: DatasetVersion): Diff {
  return {
    dataset: to.dataset,
    from: sideOf(from),
    to: sideOf(to),
    schema: { added: [], removed: [], changed: [], reordered: [], missing: [] },
    parts: { added: [], removed: [] },
    columns: [],
    rows: null,
    files: null,
  }
}
