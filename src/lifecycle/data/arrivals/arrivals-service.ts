import { join } from 'node:path'
import type { Caller, Download } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { requireDataset, type DataProject } from '../data-project.ts'
import { createMaskings } from '../personal/maskings.ts'
import { listQuarantine, type QuarantinePage } from '../quarantine/list-quarantine.ts'
import type { VersionName } from '../reference.ts'
import type { DataService } from '../service.ts'
import type { Quarantine } from '../sources/source-store.ts'
import type { DataStore } from '../store.ts'
import type { AddResult } from '../versions/dataset-version.ts'
import { exportRows } from './export-rows.ts'
import { offerAgain } from './offer-again.ts'
import { receiveFile } from './receive-file.ts'

export interface ArrivalsService {
  /** Takes in a file that somebody sends. */
  receive(
    name: string,
    sent: {
      readonly file: string
      readonly body: AsyncIterable<Uint8Array> | undefined
      readonly signal?: AbortSignal | undefined
    },
    caller: Caller,
  ): Promise<AddResult>
  /** Rows that were kept out: of one version, or all that nobody has released. */
  quarantine(
    name: string,
    asked: {
      readonly version?: VersionName | undefined
      readonly limit: number
      readonly after?: string | undefined
    },
  ): Promise<QuarantinePage & { readonly rows: number }>
  /** Judges rows in quarantine again. */
  release(name: string, asked: { readonly version?: number | undefined }, caller: Caller): Promise<AddResult>
  rowsFile(name: string, version: VersionName): Promise<Download>
}

export interface ArrivalsOptions {
  readonly platform: Platform
  readonly project: () => Promise<DataProject>
  readonly service: DataService
  readonly store: DataStore
}

export function createArrivals({ platform, project, service, store }: ArrivalsOptions): ArrivalsService {
  const maskings = createMaskings({
    database: platform.database,
    clock: platform.clock,
    project,
    secret: platform.config.maskingKey,
  })
  const spool = join(platform.config.home, 'spool')

  const quarantinesOf = async (name: string, version: VersionName | undefined): Promise<Quarantine[]> => {
    if (version !== undefined) return store.quarantines(name, (await service.get(name, version)).version)
    const open = await store.quarantines(name)
    if (open.length === 0 && (await store.version(name, 'latest')) === undefined) {
      requireDataset(await project(), name)
    }
    return open
  }

  return {
    receive: (name, sent, caller) =>
      service.addFrom(name, ({ config }) => receiveFile({ ...sent, config, spool }), caller),
    quarantine: async (name, { version, limit, after }) => {
      const quarantines = await quarantinesOf(name, version)
      const masking = await maskings.of(name)
      const page = await listQuarantine(quarantines, { after, limit }, { platform, masking })
      return { rows: quarantines.reduce((sum, { rows }) => sum + rows, 0), ...page }
    },
    release: async (name, { version }, caller) => {
      const open = (await quarantinesOf(name, version)).filter(({ releasedBy }) => releasedBy === null)
      if (open.length === 0) {
        fail('not_found', `No row of "${name}" is in quarantine.`, {
          hint: `devmlops data show ${name} tells of its versions.`,
        })
      }
      const { columns } = await service.get(name, 'latest')
      return service.addFrom(
        name,
        ({ config }) => {
          if (config.mode === 'replace') {
            fail('conflict', `"${name}" is replaced as a whole, and rows cannot be added to it.`, {
              hint: `Add the corrected files again: devmlops data add ${name}`,
            })
          }
          return offerAgain(open, { platform, columns, spool })
        },
        caller,
      )
    },
    rowsFile: async (name, version) =>
      exportRows(await tableVersion(service, name, version), {
        platform,
        masking: await maskings.of(name),
        spool,
      }),
  }
}

async function tableVersion(service: DataService, name: string, version: VersionName) {
  const found = await service.get(name, version)
  if (found.kind === 'table') return found
  return fail('invalid_input', `"${name}" is a folder of files and has no rows.`, {
    hint: `devmlops data pull fetches its files.`,
    at: name,
  })
}
