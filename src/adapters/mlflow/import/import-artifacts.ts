import { DevmlopsError, messageOf } from '#contract/errors'
import type { ImportService } from '#lifecycle/tracking/index'
import type { FilesOf } from './artifact-source.ts'
import type { Report } from './report.ts'
import type { ArtifactPlace, SourceFile } from './source.ts'

type Owner = Parameters<ImportService['importArtifact']>[0]

export interface ArtifactImport {
  readonly imports: Pick<ImportService, 'importArtifact' | 'importedArtifacts'>
  readonly filesOf: FilesOf
  readonly report: Report
  readonly signal: AbortSignal
}

const filesAtOnce = 6

/** Brings the files of a run or a model that are not here with the same size. */
export async function importArtifacts(
  owner: Owner,
  { place, isNew }: { readonly place: ArtifactPlace; readonly isNew: boolean },
  { imports, filesOf, report, signal }: ArtifactImport,
): Promise<void> {
  const subject = place.runId === undefined ? `logged model ${place.modelId}` : `run ${place.runId}`
  const known = isNew
    ? new Map<string, number>()
    : new Map((await imports.importedArtifacts(owner)).map(({ path, sizeBytes }) => [path, sizeBytes]))
  const bring = async (file: SourceFile): Promise<void> => {
    if (file.sizeBytes !== undefined && known.get(file.path) === file.sizeBytes) return
    try {
      const stored = await imports.importArtifact(owner, { path: file.path, content: await file.open() })
      report.counts.artifacts += 1
      report.counts.artifactBytes += stored.sizeBytes
    } catch (error) {
      signal.throwIfAborted()
      if (isFatal(error)) throw error
      report.tell({ subject: `${subject}, ${file.path}`, reason: messageOf(error) })
    }
  }
  const running = new Set<Promise<void>>()
  try {
    for await (const file of filesOf(place)) {
      signal.throwIfAborted()
      const work: Promise<void> = bring(file).finally(() => running.delete(work))
      running.add(work)
      if (running.size >= filesAtOnce) await Promise.race(running)
    }
  } catch (error) {
    signal.throwIfAborted()
    if (isFatal(error)) throw error
    report.tell({ subject: place.uri, reason: messageOf(error) })
  } finally {
    await Promise.allSettled(running)
  }
  await Promise.all(running)
}

/** What would fail for the next file too. */
export function isFatal(error: unknown): boolean {
  return (
    error instanceof DevmlopsError && (error.code === 'storage_full' || error.code === 'server_unreachable')
  )
}
