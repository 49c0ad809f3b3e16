import { join } from 'node:path'
import type { Caller } from '#contract/endpoint'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { late } from '#platform/late'
import { createTurns } from '#platform/turns'
import type { Platform } from '#platform/platform'
import { announce } from './versions/announce.ts'
import type { Collected } from './sources/collected.ts'
import type { DatasetConfig } from './section.ts'
import type { Column } from './rows/column-type.ts'
import { requireDataset, type DataProject } from './data-project.ts'
import type {
  AddResult,
  Arrival,
  DatasetSummary,
  DatasetVersion,
  Rejection,
  VersionSummary,
} from './versions/dataset-version.ts'
import type { DiffService } from './diff/diff-service.ts'
import type { PlainRow } from './rows/first-rows.ts'
import { listDatasets } from './versions/list-datasets.ts'
import { isFolderSource, requireNoPaths } from './folders/folder-source.ts'
import type { WorkspaceService } from './folders/workspace-service.ts'
import type { Published } from './versions/published-files.ts'
import { parseReference, type VersionName } from './reference.ts'
import { createTagService, type TagService } from './tags/tag-service.ts'
import { failIfRemoved } from './remotes/removed-version.ts'
import { relationOf } from './rows/relation.ts'
import { requireAllowed } from './require-allowed.ts'
import { createDataStore } from './store.ts'
import { createMaskings } from './personal/maskings.ts'
import type { PersonalService } from './personal/personal-service.ts'
import { createShown } from './personal/shown.ts'
import { versionProfileSchema, type VersionProfile } from './profiles/version-profile.ts'

/** A version of a dataset that a reference such as `data.flights` or `flights@3` names now. */
export interface ResolvedDataset {
  readonly name: string
  readonly version: number
  readonly digest: DatasetVersion['digest']
}

/** The same with its files on this machine, for whoever reads it with DuckDB or by itself. */
export interface OpenedDataset extends ResolvedDataset {
  readonly columns: readonly Column[]
  readonly parts: readonly { readonly path: string; readonly format: string; readonly rows: number }[]
  /** All rows, as an expression that stands after FROM. */
  readonly relation: string
  /** Of a folder: its files by their paths. */
  readonly files?: readonly { readonly path: string; readonly name: string }[]
  /** Files that the expression reads. */
  readonly allowedPaths: readonly string[]
}

/** What whoever gathers files for a dataset needs to know of it. */
export interface GatheringContext {
  readonly project: DataProject
  readonly config: DatasetConfig
}

export interface DataService {
  add(name: string, options: { paths?: readonly string[] | undefined }, caller: Caller): Promise<AddResult>
  /** The same for files that come another way than from the source. */
  addFrom(
    name: string,
    gather: (context: GatheringContext) => Promise<Collected>,
    caller: Caller,
  ): Promise<AddResult>
  addAll(caller: Caller): Promise<AddResult[]>
  check(
    name: string,
    options: { paths?: readonly string[] | undefined; now?: number },
    caller: Caller,
  ): Promise<Arrival[]>
  list(): Promise<DatasetSummary[]>
  versions(name: string, page: { limit: number; before?: number | undefined }): Promise<VersionSummary[]>
  get(name: string, version: VersionName): Promise<DatasetVersion>
  profile(name: string, version: VersionName): Promise<VersionProfile>
  head(
    name: string,
    version: VersionName,
    limit: number,
  ): Promise<{ columns: readonly Column[]; rows: PlainRow[] }>
  rejections(name: string, limit: number): Promise<Rejection[]>
  readonly diffs: DiffService
  readonly personal: PersonalService
  /** The working files of the datasets. */
  readonly workspace: WorkspaceService
  readonly tags: TagService
  /** Makes a version of what a step of a pipeline made, as if it had arrived. */
  publish(name: string, published: Published, caller: Caller): Promise<AddResult>
  /** Fails with permission_denied where the dataset masks columns and the caller may not see them. */
  requireRaw(reference: string, caller: Caller): Promise<void>
  /** Looks up metadata only. */
  resolve(reference: string): Promise<ResolvedDataset>
  /** Makes the files available on this machine. */
  open(reference: string): Promise<OpenedDataset>
}

export interface DataServiceOptions {
  readonly platform: Platform
  /** Read afresh for every call that needs it: a person edits the file while the server runs. */
  readonly project: () => Promise<DataProject>
}

export function createDataService({ platform, project: readProject }: DataServiceOptions): DataService {
  const store = createDataStore(platform.database)
  const maskings = createMaskings({
    database: platform.database,
    clock: platform.clock,
    project: readProject,
    secret: platform.config.maskingKey,
  })
  const shown = createShown(maskings)
  // Two adds at once would both follow the same version.
  const oneAtATime = createTurns()

  const get = async (name: string, version: VersionName): Promise<DatasetVersion> =>
    (await store.version(name, await tags.numberOf(name, version))) ?? noVersion(name, version)
  const tags = createTagService({ platform, version: get })
  const tools = { platform, store, project: readProject, version: get, masking: maskings.of }
  const personal = late(async () =>
    (await import('./personal/personal-service.ts')).createPersonalService(tools),
  )
  const workspace = late(async () => {
    const { createWorkspaceService } = await import('./folders/workspace-service.ts')
    return createWorkspaceService({ ...tools, oneAtATime })
  })
  const diffs = late(async () => {
    const { createDiffService } = await import('./diff/diff-service.ts')
    return createDiffService({ ...tools, maskings, profile: profileOf })
  })

  const profileOf = async ({ profileDigest }: DatasetVersion): Promise<VersionProfile> => {
    const bytes = await platform.blobs.get(profileDigest)
    return versionProfileSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  }

  const noVersion = async (name: string, version: VersionName): Promise<never> => {
    await failIfRemoved(platform.database, name, version)
    const newest = await store.version(name, 'latest')
    if (newest !== undefined) {
      return fail(
        'not_found',
        `Dataset "${name}" has no version ${version}; the newest is ${newest.version}.`,
        {
          hint: `devmlops data show ${name} lists its versions.`,
        },
      )
    }
    requireDataset(await readProject(), name)
    return fail('not_found', `Dataset "${name}" has no version yet.`, {
      hint: `Add its data: devmlops data add ${name}`,
    })
  }

  /** The version is there already: that it cannot be looked at once more must not say otherwise. */
  const noticesOf = async (name: string): Promise<string[]> => {
    try {
      return await personal.notices(await get(name, 'latest'))
    } catch (error) {
      platform.log.warn({ dataset: name, error: messageOf(error) }, 'columns not classified')
      return []
    }
  }

  const add: DataService['add'] = (name, { paths }, caller) =>
    oneAtATime(name, async () => {
      const startedMs = performance.now()
      const project = await readProject()
      const config = requireDataset(project, name)
      requireAllowed(paths, project, caller)
      await announce(name, { store, events: platform.events })
      const { source } = config
      if (isFolderSource(source)) {
        requireNoPaths(name, source, paths)
        try {
          const result = await workspace.addFolder(name, source, { caller })
          return { ...result, durationMs: performance.now() - startedMs }
        } finally {
          await announce(name, { store, events: platform.events })
        }
      }
      return addTable(name, { project, config, caller }, async () => {
        const { collect } = await import('./arriving.ts')
        return collect(name, { project, config, paths }, { platform, store })
      })
    })

  /** Judges what was gathered, and makes it a version. */
  const addTable = async (
    name: string,
    { project, config, caller }: GatheringContext & { readonly caller: Caller },
    gather: () => Promise<Collected>,
  ): Promise<AddResult> => {
    const startedMs = performance.now()
    await maskings.remember(name)
    const masking = await maskings.of(name)
    const { addArrivals, compareVersions } = await import('./arriving.ts')
    const collected = await gather()
    try {
      const result = await addArrivals(
        {
          dataset: name,
          config,
          project,
          collected,
          caller,
          masking,
          compare: compareVersions({ dataset: name, config, platform, version: get }),
        },
        { platform, store },
      )
      for (const download of collected.downloads) {
        await store.saveDownload(name, download.url, { ...download, at: platform.clock.now() })
      }
      if (result.version !== null) await workspace.keepPlace(result.version, result.created)
      const arrivals = await shown.arrivals(name, result.arrivals)
      const notices = result.created ? await noticesOf(name) : []
      return { ...result, arrivals, notices, durationMs: performance.now() - startedMs }
    } finally {
      await collected.release()
      await announce(name, { store, events: platform.events })
    }
  }

  const addFrom: DataService['addFrom'] = (name, gather, caller) =>
    oneAtATime(name, async () => {
      const project = await readProject()
      const config = requireDataset(project, name)
      if (isFolderSource(config.source)) {
        fail('invalid_input', `"${name}" is a folder; its files come from ${config.source.folder}.`, {
          hint: `Put them there, then: devmlops data add ${name}`,
          at: name,
        })
      }
      await announce(name, { store, events: platform.events })
      return addTable(name, { project, config, caller }, () => gather({ project, config }))
    })

  return {
    add,
    addFrom,
    workspace,
    tags,
    addAll: async (caller) => {
      const results: AddResult[] = []
      for (const name of Object.keys((await readProject()).sections.data)) {
        const result = await add(name, {}, caller).catch((error: unknown) => nothingThere(name, error))
        results.push(result)
      }
      return results
    },
    check: async (name, { paths, now = platform.clock.now() }, caller) => {
      const project = await readProject()
      const config = requireDataset(project, name)
      requireAllowed(paths, project, caller)
      if (isFolderSource(config.source)) return workspace.check(name)
      const parent = await store.version(name, 'latest')
      const { checkArrivals, collect, compareVersions } = await import('./arriving.ts')
      const collected = await collect(name, { project, config, paths }, { platform, store }).catch(
        (error: unknown) => {
          if (paths !== undefined || parent === undefined) throw error
          return undefined
        },
      )
      try {
        const masking = await maskings.of(name)
        const files = collected?.files ?? []
        const compare = compareVersions({ dataset: name, config, platform, version: get })
        return await checkArrivals({ dataset: name, config, files, parent, masking, compare, now }, platform)
      } finally {
        await collected?.release()
      }
    },
    list: async () => shown.summaries(await listDatasets(store, (await readProject()).sections.data)),
    versions: async (name, page) => {
      const versions = await store.versions(name, page)
      if (versions.length === 0 && page.before === undefined) requireDataset(await readProject(), name)
      return versions
    },
    get: async (name, version) => shown.version(await get(name, version)),
    profile: async (name, version) => shown.profile(name, await profileOf(await get(name, version))),
    head: async (name, version, limit) => {
      const { firstRows } = await import('./rows/first-rows.ts')
      return shown.rows(name, await firstRows(await get(name, version), limit, platform))
    },
    rejections: async (name, limit) => {
      const rejections = await store.rejections(name, limit)
      if (rejections.length === 0 && (await store.version(name, 'latest')) === undefined) {
        requireDataset(await readProject(), name)
      }
      return shown.rejections(rejections)
    },
    diffs,
    personal,
    publish: async (name, published, caller) => {
      const startedMs = performance.now()
      const { source } = requireDataset(await readProject(), name)
      const { publishedFiles, requireDirectory } = await import('./versions/published-files.ts')
      if (!isFolderSource(source)) {
        const spool = join(platform.config.home, 'spool')
        return addFrom(name, ({ config }) => publishedFiles(name, { config, published, spool }), caller)
      }
      const { folder: place, producedBy } = published
      if (place === undefined) return requireDirectory(name)
      return oneAtATime(name, async () => {
        const result = await workspace.publishFolder(name, { source, place, producedBy }, { caller })
        await announce(name, { store, events: platform.events })
        return { ...result, durationMs: performance.now() - startedMs }
      })
    },
    requireRaw: async (reference, caller) => {
      const { name } = parseReference(reference)
      const { requireRaw } = await import('./personal/require-raw.ts')
      requireRaw(await maskings.of(name), name, caller)
    },
    resolve: async (reference) => {
      const { name, version } = parseReference(reference)
      const found = await get(name, version)
      return { name, version: found.version, digest: found.digest }
    },
    open: async (reference) => {
      const { name, version } = parseReference(reference)
      const found = await get(name, version)
      if (found.kind === 'folder') {
        const opened = await workspace.openFolder(found)
        return { name, version: found.version, digest: found.digest, parts: [], ...opened }
      }
      const local = await Promise.all(
        found.parts.map(async (part) => ({ part, path: await platform.files.localPath(part.digest) })),
      )
      return {
        name,
        version: found.version,
        digest: found.digest,
        columns: found.columns,
        parts: local.map(({ part, path }) => ({ path, format: part.reading.format, rows: part.rows })),
        relation: relationOf(found.columns, local),
        allowedPaths: local.map(({ path }) => path),
      }
    },
  }
}

/** A dataset whose source has nothing yet does not keep the others from being added. */
function nothingThere(name: string, error: unknown): AddResult {
  if (!(error instanceof DevmlopsError) || error.code !== 'not_found') throw error
  return { dataset: name, version: null, created: false, arrivals: [], durationMs: 0 }
}
