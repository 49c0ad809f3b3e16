import { DevmlopsError, messageOf } from '#contract/errors'
import type { RegistryImportService } from '#lifecycle/registry/index'
import type { BlobStore } from '#platform/blobs/index'
import type { FilesOf } from './artifact-source.ts'
import { isFatal } from './import-artifacts.ts'
import type { Report } from './report.ts'
import type { MlflowSource, SourceRegisteredModel, SourceVersion } from './source.ts'

export interface ModelImport {
  readonly source: MlflowSource
  readonly imports: RegistryImportService
  readonly blobs: Pick<BlobStore, 'put' | 'putFile'>
  readonly filesOf: FilesOf
  readonly report: Report
  readonly signal: AbortSignal
  readonly actor: string
  readonly withArtifacts: boolean
  readonly progress: (doing: string) => Promise<void>
}

/** How MLflow marks a version that was deleted and keeps its number. */
const deletedStage = 'Deleted_Internal'
/** Prompts have no files, but the field must say something. */
const promptSources = new Set(['dummy-source', 'prompt-template'])

/** Registered models with versions, aliases and, where runs do not have them already, the versions' files. */
export async function importModels(context: ModelImport): Promise<void> {
  const { source, imports, report, signal, actor } = context
  for await (const model of source.registeredModels()) {
    signal.throwIfAborted()
    try {
      const { number, isNew } = await imports.importModel(model, actor)
      if (isNew) report.counts.models += 1
      for await (const versions of source.versions(model.name)) {
        for (const version of versions) await importVersion(number, version, context)
        await context.progress(`model "${model.name}"`)
      }
      await importAliases(number, model, context)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof DevmlopsError) || isFatal(error)) throw error
      report.tell({ subject: `model "${model.name}"`, reason: messageOf(error) })
    }
  }
}

async function importAliases(
  number: number,
  model: SourceRegisteredModel,
  { imports, report, actor }: ModelImport,
): Promise<void> {
  const kept = await imports.importAliases(number, model.aliases, actor)
  report.counts.aliases += Object.keys(model.aliases).length - kept.length
  for (const alias of kept) {
    report.tell({
      subject: `alias ${model.name}@${alias}`,
      reason: 'points to another version here, and somebody here has moved it',
    })
  }
}

async function importVersion(number: number, version: SourceVersion, context: ModelImport): Promise<void> {
  const { imports, report, actor } = context
  if (version.stage === deletedStage) return imports.reserveVersion(number, version.version)
  const ours = sourceHere(version)
  const files =
    ours === undefined && context.withArtifacts && !(await imports.hasFiles(number, version.version))
      ? await bringFiles(version, context)
      : undefined
  const outcome = await imports.importVersion(
    number,
    { ...version, source: ours ?? version.source },
    { actor, ...(files === undefined || files.length === 0 ? {} : { files }) },
  )
  if (outcome === 'brought') report.counts.versions += 1
  if (outcome === 'known') report.counts.knownVersions += 1
  if (outcome === 'other') {
    report.tell({
      subject: `version ${version.version} of "${version.model}"`,
      reason: 'another version has this number here',
    })
  }
}

/** Where the files of a version are among what was brought: in a logged model or a run. */
function sourceHere({ source, storageLocation, runId, modelId }: SourceVersion): string | undefined {
  if (/^(?:models|runs):\//.test(source)) return source
  if (promptSources.has(source)) return source
  if (modelId !== undefined) return `models:/${modelId}`
  const place = storageLocation ?? source
  const [, logged] = /\/models\/(m-[0-9a-f]{32})\/artifacts\/?$/.exec(place) ?? []
  if (logged !== undefined) return `models:/${logged}`
  const [, inRun] = runId === undefined ? [] : (new RegExp(`/${runId}/artifacts/(.+?)/?$`).exec(place) ?? [])
  return inRun === undefined ? undefined : `runs:/${runId}/${inRun}`
}

async function bringFiles(version: SourceVersion, { filesOf, blobs, report, signal }: ModelImport) {
  const uri = version.storageLocation ?? version.source
  const files: { path: string; digest: `sha256:${string}`; sizeBytes: number }[] = []
  if (uri === '') return files
  try {
    for await (const file of filesOf({ uri })) {
      signal.throwIfAborted()
      const content = await file.open()
      const blob = await ('file' in content ? blobs.putFile(content.file) : blobs.put(content))
      files.push({ path: file.path, ...blob })
      report.counts.artifacts += 1
      report.counts.artifactBytes += blob.sizeBytes
    }
    return files
  } catch (error) {
    signal.throwIfAborted()
    if (isFatal(error)) throw error
    report.tell({
      subject: `files of version ${version.version} of "${version.model}"`,
      reason: messageOf(error),
    })
    return []
  }
}
