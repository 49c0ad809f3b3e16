import { stat } from 'node:fs/promises'
import type { Caller } from '#contract/endpoint'
import { fail, messageOf } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { requireDataset, type DataProject } from '../data-project.ts'
import type { Masking } from '../personal/masking.ts'
import { requireRaw } from '../personal/require-raw.ts'
import { checkPointers } from '../pointers/check-pointers.ts'
import type { PointerCheck } from '../pointers/pointer-check.ts'
import { gitTop } from '../pointers/git-work-tree.ts'
import { isOnRemote } from '../pointers/on-remote.ts'
import { pointerPath, writePointer } from '../pointers/pointer-file.ts'
import type { VersionName } from '../reference.ts'
import type { DataStore } from '../store.ts'
import type {
  AddResult,
  Arrival,
  DatasetVersion,
  ProducedBy,
  VersionSummary,
} from '../versions/dataset-version.ts'
import { addFolder } from './add-folder.ts'
import { baseVersion } from './base-version.ts'
import { checkoutFolder } from './checkout-folder.ts'
import type { CheckoutResult } from './checkout-result.ts'
import { checkoutTable } from './checkout-table.ts'
import type { DatasetStatus } from './dataset-status.ts'
import type { ExportFormat, ExportResult } from './export-format.ts'
import { exportVersion } from './export-version.ts'
import { readFolderRecord, saveFolderRecord } from './folder-record.ts'
import { isFolderSource, type FolderSource } from './folder-source.ts'
import { folderStatus } from './folder-status.ts'
import { openFolder, type OpenedFolder } from './open-folder.ts'
import { tableStatus } from './table-status.ts'
import { filesOf, openTree, type TreeFile } from './tree.ts'
import { checkoutPlace, writablePlace } from './writing-place.ts'
import { createProgressBoard, type WorkProgress } from './work-progress.ts'

export interface CheckoutInput {
  readonly name: string
  /** Undefined: the version of the pointer file, else the newest. */
  readonly version?: VersionName | undefined
  readonly to?: string | undefined
  readonly only: readonly string[]
  readonly force: boolean
}

export interface ExportInput {
  readonly name: string
  readonly version: VersionName
  readonly to: string
  readonly format?: ExportFormat | undefined
  readonly force: boolean
}

/** Who asks, and until when. */
export interface Asking {
  readonly caller: Caller
  readonly signal?: AbortSignal | undefined
}

/** What is between the versions of datasets and the files that a person works with. */
export interface WorkspaceService {
  addFolder(name: string, source: FolderSource, asking: Asking): Promise<Omit<AddResult, 'durationMs'>>
  /** Makes a version of files that a step of a pipeline made. */
  publishFolder(
    name: string,
    made: { readonly source: FolderSource; readonly place: string; readonly producedBy: ProducedBy },
    asking: Asking,
  ): Promise<Omit<AddResult, 'durationMs'>>
  /** The files of a version on this machine. */
  openFolder(version: DatasetVersion): Promise<OpenedFolder>
  /** Whether an add would make a version. */
  check(name: string): Promise<Arrival[]>
  /** Writes the pointer of a table that was added to. */
  keepPlace(version: VersionSummary, created: boolean): Promise<void>
  status(name: string, limit: number, signal?: AbortSignal): Promise<DatasetStatus>
  statusAll(limit: number, signal?: AbortSignal): Promise<DatasetStatus[]>
  files(
    name: string,
    version: VersionName,
    page: { prefix: string; limit: number; after?: string | undefined },
  ): Promise<{ items: TreeFile[]; next: string | undefined }>
  checkout(input: CheckoutInput, asking: Asking): Promise<CheckoutResult>
  exportVersion(input: ExportInput, asking: Asking): Promise<ExportResult>
  progress(name: string): Promise<WorkProgress | undefined>
  /** Whether data and code belong together; with `working`, the working files too. */
  checkPointers(working: boolean): Promise<PointerCheck>
}

export interface WorkspaceOptions {
  readonly platform: Platform
  readonly store: DataStore
  readonly project: () => Promise<DataProject>
  readonly version: (name: string, version: VersionName) => Promise<DatasetVersion>
  readonly masking: (name: string) => Promise<Masking>
  /** Work on the same dataset goes one after the other. */
  readonly oneAtATime: <T>(name: string, work: () => Promise<T>) => Promise<T>
}

export function createWorkspaceService(options: WorkspaceOptions): WorkspaceService {
  const { platform, store, project: readProject, version: find } = options
  const { home } = platform.config
  const board = createProgressBoard()

  const point = async (project: DataProject, version: VersionSummary): Promise<void> => {
    if ((await gitTop(project.directory)) === undefined) return
    try {
      await writePointer(project.directory, version)
    } catch (error) {
      // The version is made; a folder that nobody may write to must not say otherwise.
      platform.log.warn({ dataset: version.dataset, error: messageOf(error) }, 'no pointer file was written')
    }
  }

  const status: WorkspaceService['status'] = async (name, limit, signal) => {
    const project = await readProject()
    const config = requireDataset(project, name)
    const { source } = config
    return isFolderSource(source)
      ? folderStatus({ dataset: name, source, project, limit, signal }, { platform, store })
      : tableStatus({ dataset: name, config, project, limit }, { platform, store })
  }

  const pointedVersion = async (name: string, project: DataProject): Promise<DatasetVersion> => {
    const { version, by, notes } = await baseVersion(name, { platform, store, project })
    const [note] = notes
    if (note !== undefined) fail('conflict', note, { at: name })
    return by === 'pointer' && version !== undefined ? version : find(name, 'latest')
  }

  const checkout = async (input: CheckoutInput, { caller, signal }: Asking): Promise<CheckoutResult> => {
    const { name, only, force } = input
    const project = await readProject()
    const version =
      input.version === undefined ? await pointedVersion(name, project) : await find(name, input.version)
    if (version.kind === 'table') requireRaw(await options.masking(name), name, caller)
    const config = project.sections.data[name]
    const source = config !== undefined && isFolderSource(config.source) ? config.source : undefined
    const place = await checkoutPlace({ to: input.to, source, name, project, caller, home })
    return board.during(name, 'checkout', async (report) => {
      const common = { version, place, only, force, signal, report }
      if (version.kind === 'table') return checkoutTable(common, { platform, store })
      const base = await baseVersion(name, { platform, store, project })
      const result = await checkoutFolder(
        { ...common, project, source: source ?? { exclude: [], links: 'refuse' }, base: base.version },
        { platform, store },
      )
      if (input.to === undefined) {
        await saveFolderRecord(home, name, {
          version: version.version,
          digest: version.digest,
          only: [...only],
        })
        await point(project, version)
      }
      return result
    })
  }

  return {
    addFolder: async (name, source, { caller, signal }) => {
      const record = await readFolderRecord(home, name)
      if (record !== undefined && record.only.length > 0) {
        fail(
          'conflict',
          `${source.folder} has only a part of ${name}@${record.version} (${record.only.join(', ')}).`,
          {
            hint: `Check out the rest before you add: devmlops data checkout ${name}@${record.version}.`,
            at: name,
          },
        )
      }
      const project = await readProject()
      const result = await board.during(name, 'add', (report) =>
        addFolder({ dataset: name, source, project, caller, signal, report }, { platform, store }),
      )
      const { version } = result
      if (version !== null) {
        await saveFolderRecord(home, name, { version: version.version, digest: version.digest, only: [] })
        await point(project, version)
      }
      return result
    },
    publishFolder: async (name, made, { caller, signal }) =>
      addFolder(
        { dataset: name, project: await readProject(), ...made, caller, signal },
        { platform, store },
      ),
    openFolder: (version) => openFolder(version, { platform, store }),
    check: async (name) => {
      const { clean, place } = await status(name, 0)
      return [{ paths: [place], state: clean ? 'known' : 'accepted' }]
    },
    keepPlace: async (version, created) => {
      const project = await readProject()
      // A table that has nothing new says nothing of the version that a branch has chosen.
      const path = pointerPath(project.directory, version.dataset)
      if (created || (await stat(path).catch(() => undefined)) === undefined) await point(project, version)
    },
    status,
    statusAll: async (limit, signal) => {
      const names = Object.keys((await readProject()).sections.data)
      const all: DatasetStatus[] = []
      for (const name of names) all.push(await status(name, limit, signal))
      return all
    },
    files: async (name, wanted, { prefix, limit, after }) => {
      const version = await find(name, wanted)
      const items: TreeFile[] = []
      if (version.tree === null) {
        const files = version.parts
          .filter(({ path }) => path.startsWith(prefix))
          .map(({ path, digest, sizeBytes }) => ({ path, digest, sizeBytes, executable: false }))
        // Parts may have the same path, so that a page of them ends at a number.
        const start = Number(after ?? 0)
        const next = start + limit < files.length ? String(start + limit) : undefined
        return { items: files.slice(start, start + limit), next }
      }
      await using tree = await openTree(platform.blobs, version.tree)
      for await (const file of filesOf(tree, { prefix, ...(after !== undefined && { after }) })) {
        if (items.length === limit) return { items, next: items.at(-1)?.path }
        items.push(file)
      }
      return { items, next: undefined }
    },
    checkout: (input, asking) => options.oneAtATime(input.name, () => checkout(input, asking)),
    exportVersion: async ({ name, version: wanted, to, format, force }, { caller, signal }) => {
      const version = await find(name, wanted)
      const project = await readProject()
      const place = writablePlace(to, { project, caller, home })
      const masking = await options.masking(name)
      return board.during(name, 'export', (report) =>
        exportVersion(
          { version, place, format, force, masking, project, signal, report },
          { platform, store },
        ),
      )
    },
    progress: async (name) => board.of(name),
    checkPointers: async (working) => {
      const project = await readProject()
      return checkPointers({
        project,
        store,
        working,
        onRemote: (dataset, wanted) => isOnRemote(project, dataset, wanted),
        status: (dataset) => status(dataset, 1),
      })
    },
  }
}
