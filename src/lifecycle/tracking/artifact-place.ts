import { fail } from '#contract/errors'
import type { ArtifactOwner, StoredArtifact } from './artifact-store.ts'
import { artifactPath } from './artifact-path.ts'
import type { LifecycleStage } from './contract.ts'

/** A run or a logged model, as far as its artifacts are concerned. */
export interface TreeOwner {
  readonly number: number
  readonly id: string
  readonly artifact_uri: string
  readonly lifecycle_stage: LifecycleStage
}

/** A version's artifacts; undefined when there is no such version. */
export type VersionArtifacts = (
  modelNumber: number,
  version: number,
) => Promise<readonly StoredArtifact[] | undefined>

/** Where a path below the artifact root leads: into whose tree, and to what in it (`''` is all of it). */
export type ArtifactPlace =
  | { readonly owner: ArtifactOwner; readonly path: string; readonly deleted?: string }
  | { readonly version: readonly StoredArtifact[]; readonly path: string }

export interface PlaceDependencies {
  readonly owners: {
    /** Those of the ids that there are. */
    runsById(ids: readonly string[]): Promise<readonly TreeOwner[]>
    modelsById(ids: readonly string[]): Promise<readonly TreeOwner[]>
  }
  readonly versionArtifacts: VersionArtifacts
}

/** The path below the artifact root that a URI names; undefined when its bytes are not ours (`s3://…`, `file:…`). */
export function proxiedPath(uri: string): string | undefined {
  const path = /^mlflow-artifacts:(?:\/\/[^/?#]*)?(\/[^?#]*)?$/.exec(uri)?.[1]
  if (path === undefined && !/^mlflow-artifacts:(?:\/\/[^/?#]*)?$/.test(uri)) return undefined
  return trimmed(path ?? '')
}

/** `versions/7/3`: what version 3 of the registered model with the number 7 holds. Nobody writes there. */
const versionPath = /^versions\/(\d{1,15})\/(\d{1,15})(?:\/(.*))?$/

export function createPlaceFinder({ owners, versionArtifacts }: PlaceDependencies) {
  /**
   * The owner of a checked path. Experiments may have their artifacts anywhere, so a run's tree is not known by where it
   * lies: wherever `<id>/artifacts` stands in the path, that run or model is asked whether this is its place. Of several
   * the innermost has it.
   */
  return async (path: string): Promise<ArtifactPlace> => {
    const segments = path === '' ? [] : path.split('/')
    const candidates = segments.flatMap((id, index) =>
      segments[index + 1] === 'artifacts' && isOwnerId(id) ? [{ id, end: index + 2 }] : [],
    )
    if (candidates.length > 0) {
      const ids = [...new Set(candidates.map(({ id }) => id))]
      const models = ids.filter((id) => id.startsWith('m-'))
      const [runs, loggedModels] = await Promise.all([
        owners.runsById(ids),
        models.length === 0 ? [] : owners.modelsById(models),
      ])
      for (const { id, end } of candidates.toReversed()) {
        const root = segments.slice(0, end).join('/')
        const inside = segments.slice(end).join('/')
        const run = runs.find((one) => one.id === id && isRoot(one, root))
        if (run !== undefined) return placeOf('run', run, inside)
        const model = loggedModels.find((one) => one.id === id && isRoot(one, root))
        if (model !== undefined) return placeOf('logged model', model, inside)
      }
    }
    const [, model, version, rest = ''] = versionPath.exec(path) ?? []
    const artifacts = model === undefined ? undefined : await versionArtifacts(Number(model), Number(version))
    if (artifacts !== undefined) return { version: artifacts, path: rest }
    return { owner: { kind: 'loose' }, path }
  }
}

function placeOf(kind: 'run' | 'logged model', owner: TreeOwner, path: string): ArtifactPlace {
  return {
    owner: { kind, number: owner.number },
    // It may begin like a drive now that it stands alone.
    path: path === '' ? '' : artifactPath(path),
    ...(owner.lifecycle_stage === 'deleted' ? { deleted: `${kind} ${owner.id}` } : {}),
  }
}

/** Where the files are written that a place names; refuses what nobody may change. */
export function writableOwner(place: ArtifactPlace): ArtifactOwner {
  if ('version' in place) {
    return fail('conflict', 'The artifacts of a model version cannot be changed.', {
      hint: 'Register another version.',
      at: 'path',
    })
  }
  if (place.deleted === undefined) return place.owner
  return fail('conflict', `The ${place.deleted} is deleted, so its artifacts cannot be changed.`, {
    hint: 'Restore it first.',
    at: 'path',
  })
}

function isOwnerId(text: string): boolean {
  return /^[A-Za-z0-9][\w-]{0,255}$/.test(text)
}

/** Clients put the URI's path into a URL as it is, so it may arrive decoded. */
function isRoot({ artifact_uri }: TreeOwner, root: string): boolean {
  const own = proxiedPath(artifact_uri)
  return own !== undefined && (own === root || decoded(own) === root)
}

function trimmed(path: string): string {
  return path
    .replaceAll(/\/{2,}/g, '/')
    .replace(/^\//, '')
    .replace(/\/$/, '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
