import { fail } from '#contract/errors'
import type { Lookup } from './lookup.ts'
import { parseSourceUri } from './model-source-uri.ts'

/** The logged models of tracking, as far as a version needs them. */
export interface LoggedModels {
  find(modelId: string): Promise<{ readonly runId: string | null; readonly artifactUri: string } | undefined>
  /** Writes on the logged model that it became this version. */
  noteVersion(modelId: string, version: { readonly name: string; readonly version: number }): Promise<void>
}

export interface SourceDependencies {
  readonly lookup: Pick<Lookup, 'getVersion'>
  readonly loggedModels: LoggedModels
  /** Undefined when this server does not have the run. */
  readonly runArtifactUri: (runId: string) => Promise<string | undefined>
}

export interface ClaimedSource {
  readonly source: string
  readonly runId?: string
  readonly modelId?: string
}

/**
 * Where a version comes from: what the source says, and what the client says besides. The two must agree, or a version
 * would carry the lineage of something else. What only the source says is filled in.
 */
export async function resolveSource(
  { source, runId, modelId }: ClaimedSource,
  { lookup, loggedModels, runArtifactUri }: SourceDependencies,
): Promise<ClaimedSource> {
  const parsed = parseSourceUri(source)
  if (parsed.kind === 'version') {
    const original = await lookup.getVersion(parsed.name, parsed.reference)
    const found = claims(original.runId, original.modelId)
    if (!agrees(runId, found.runId) || !agrees(modelId, found.modelId)) {
      fail(
        'invalid_input',
        `Invalid model version source: '${source}'. The run_id and model_id request parameters must match the referenced model version.`,
        { at: 'source' },
      )
    }
    return { source: `models:/${original.model}/${original.version}`, ...found }
  }
  const ofSource =
    parsed.kind === 'logged model'
      ? { modelId: parsed.modelId }
      : parsed.kind === 'run' || parsed.kind === 'proxied'
        ? claims('runId' in parsed ? parsed.runId : null, 'modelId' in parsed ? parsed.modelId : null)
        : {}
  if ('modelId' in ofSource && modelId !== undefined && !agrees(modelId, ofSource.modelId))
    refuse(source, 'model_id')
  if ('runId' in ofSource && runId !== undefined && !agrees(runId, ofSource.runId)) refuse(source, 'run_id')
  if (parsed.kind === 'proxied' && runId !== undefined && !('runId' in ofSource)) {
    const root = await runArtifactUri(runId)
    if (root !== undefined && !`${source}/`.startsWith(`${root}/`)) refuse(source, 'run_id')
  }
  const model = modelId ?? ('modelId' in ofSource ? ofSource.modelId : undefined)
  const run = runId ?? ('runId' in ofSource ? ofSource.runId : undefined)
  const origin = run ?? (model === undefined ? undefined : (await loggedModels.find(model))?.runId)
  return { source, ...claims(origin, model) }
}

function claims(runId: string | null | undefined, modelId: string | null | undefined) {
  return {
    ...(runId === null || runId === undefined ? {} : { runId }),
    ...(modelId === null || modelId === undefined ? {} : { modelId }),
  }
}

function agrees(claimed: string | undefined, found: string | undefined): boolean {
  return claimed === undefined || claimed === found
}

function refuse(source: string, parameter: string): never {
  return fail(
    'invalid_input',
    `Invalid model version source: '${source.slice(0, 200)}'. The ${parameter} request parameter must identify the resource that contains the source.`,
    { at: 'source' },
  )
}
