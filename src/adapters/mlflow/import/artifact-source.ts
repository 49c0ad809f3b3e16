import { dirname, join } from 'node:path'
import { s3FilesBelow } from '#platform/blobs/index'
import { filesBelow, isFolder, localPathOf } from './local-files.ts'
import type { TellProblem } from './problem.ts'
import type { ArtifactPlace, MlflowSource, SourceFile } from './source.ts'

export interface PrefixMap {
  readonly from: string
  readonly to: string
}

/** Answers the files of a place; nothing, and a problem told, where they cannot be reached. */
export type FilesOf = (place: ArtifactPlace) => AsyncIterable<SourceFile>

/** Finds where the artifacts of runs and models are: on this machine, in S3, or behind the source's own server. */
export function createFilesOf(
  source: MlflowSource,
  { maps, tell }: { readonly maps: readonly PrefixMap[]; readonly tell: TellProblem },
): FilesOf {
  const told = new Set<string>()
  /** A place that is missing is missing for all runs of an experiment: once is enough. */
  const tellOnce = (subject: string, reason: string): void => {
    if (told.has(subject)) return
    told.add(subject)
    tell({ subject, reason })
  }

  const local = async function* (path: string, place: ArtifactPlace): AsyncIterable<SourceFile> {
    const folder = (await isFolder(path)) ? path : await source.movedArtifacts?.(place)
    if (folder === undefined) {
      // A run without artifacts has no folder; then its experiment has one, as soon as any other run has some.
      const root = dirname(dirname(path))
      if (await isFolder(root)) return
      return tellOnce(root, 'is not there: nothing was logged below it, or it was moved (--map OLD=NEW)')
    }
    for await (const file of filesBelow(folder)) {
      if ('link' in file)
        tell({ subject: join(folder, file.link), reason: 'is a link, and links are not followed' })
      else yield file
    }
  }

  return async function* (place) {
    const uri = mapped(place.uri, maps)
    const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase()
    if (scheme === 's3' || scheme === 's3a') {
      const files = s3FilesBelow(uri)
      if (files !== undefined) return yield* files
    }
    const { localBase } = source
    if (localBase !== undefined) {
      const path =
        scheme === 'mlflow-artifacts' ? await proxiedFolder(localBase, uri) : localPathOf(uri, localBase)
      if (path !== undefined) return yield* local(path, place)
    }
    const files = source.files?.({ ...place, uri })
    if (files !== undefined) return yield* files
    tellOnce(rootOf(uri), reasonOf(scheme))
  }
}

function mapped(uri: string, maps: readonly PrefixMap[]): string {
  const map = maps.find(({ from }) => uri.startsWith(from))
  return map === undefined ? uri : `${map.to}${uri.slice(map.from.length)}`
}

/** `mlflow server` keeps what its proxy takes beside its database, unless told otherwise. */
async function proxiedFolder(base: string, uri: string): Promise<string | undefined> {
  const folder = join(base, 'mlartifacts')
  const path = uri.replace(/^mlflow-artifacts:\/*/, '')
  return (await isFolder(folder)) && !path.split('/').includes('..') ? join(folder, path) : undefined
}

function reasonOf(scheme: string | undefined): string {
  switch (scheme) {
    case 's3':
    case 's3a':
      return 'needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where the import runs'
    case 'mlflow-artifacts':
      return 'is behind the server: import from its URL, or say where it keeps them (--map mlflow-artifacts:/=FOLDER)'
    default:
      return `artifacts at "${scheme ?? 'a local path'}" are not read`
  }
}

/** The place that the runs of an experiment share. */
function rootOf(uri: string): string {
  return uri.replace(/(?:\/models)?\/[^/]+\/artifacts\/?$/, '')
}
