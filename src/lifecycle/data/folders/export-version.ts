import { mkdir, stat } from 'node:fs/promises'
import { dirname, extname } from 'node:path'
import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { hidesAnything, type Masking } from '../personal/masking.ts'
import type { DataProject } from '../data-project.ts'
import type { DataStore } from '../store.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { checkoutFolder } from './checkout-folder.ts'
import { checkoutTable } from './checkout-table.ts'
import { exportTar } from './export-folder.ts'
import { tableFormats, type ExportFormat, type ExportResult } from './export-format.ts'
import { exportTable } from './export-table.ts'
import type { ProgressReport } from './work-progress.ts'

export interface ExportRequest {
  readonly version: DatasetVersion
  /** Absolute. */
  readonly place: string
  readonly format: ExportFormat | undefined
  readonly force: boolean
  readonly masking: Masking
  readonly project: Pick<DataProject, 'directory'>
  readonly signal?: AbortSignal | undefined
  readonly report?: ProgressReport | undefined
}

const formatsByEnding: Readonly<Record<string, ExportFormat>> = {
  '.csv': 'csv',
  '.parquet': 'parquet',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.tar': 'tar',
}

/** Writes a version to a place outside of the store, in the form that is asked for or that the place's ending tells. */
export async function exportVersion(
  request: ExportRequest,
  dependencies: { readonly platform: Platform; readonly store: DataStore },
): Promise<ExportResult> {
  const { version, place, force } = request
  const format = request.format ?? formatsByEnding[extname(place).toLowerCase()] ?? 'files'
  requireFitting(request, format)
  if (format === 'files') await exportFiles(request, dependencies)
  else {
    if (!force && (await stat(place).catch(() => undefined)) !== undefined) {
      fail('already_exists', `${place} is there already.`, {
        hint: 'Choose another name, or --force.',
        at: place,
      })
    }
    await mkdir(dirname(place), { recursive: true })
    if (format === 'tar') await exportTar({ ...request, file: place }, dependencies.platform)
    else await exportTable({ ...request, file: place, format }, dependencies.platform)
  }
  return { dataset: version.dataset, version: version.version, format, place }
}

function requireFitting({ version, masking }: ExportRequest, format: ExportFormat): void {
  const name = `${version.dataset}@${version.version}`
  const isTable = (tableFormats as readonly string[]).includes(format)
  if (version.kind === 'folder' && isTable) {
    fail('invalid_input', `${name} is a folder of files, which is no ${format}.`, {
      hint: 'Export it to a folder, or to a file that ends in .tar.',
      at: 'format',
    })
  }
  if (version.kind === 'table' && format === 'tar') {
    fail('invalid_input', `${name} is a table; csv, parquet, ndjson or files is expected.`, { at: 'format' })
  }
  if (version.kind === 'table' && format === 'files' && hidesAnything(masking)) {
    fail('permission_denied', `${name} has columns that are masked, and its files hold them as they are.`, {
      hint: 'Export it as csv, parquet or ndjson, which are masked.',
      at: 'format',
    })
  }
}

async function exportFiles(
  { version, place, force, project, signal, report }: ExportRequest,
  dependencies: { readonly platform: Platform; readonly store: DataStore },
): Promise<void> {
  const common = { version, place, force, only: [], signal, report }
  if (version.kind === 'table') await checkoutTable(common, dependencies)
  else {
    await checkoutFolder(
      { ...common, project, source: { exclude: [], links: 'refuse' }, base: undefined },
      dependencies,
    )
  }
}
