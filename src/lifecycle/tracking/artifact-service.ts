import { fail } from '#contract/errors'
import type { ByteRange, StoredBlob } from '#platform/blobs/index'
import type { Platform } from '#platform/platform'
import type { createArtifactOwnerStore } from './artifact-owner-store.ts'
import { artifactFolder, artifactPath } from './artifact-path.ts'
import {
  createPlaceFinder,
  proxiedPath,
  writableOwner,
  type ArtifactPlace,
  type PlaceDependencies,
  type TreeOwner,
} from './artifact-place.ts'
import type { ArtifactOwner, createArtifactStore, StoredArtifact } from './artifact-store.ts'
import type { ArtifactEntry } from './contract.ts'

export type ArtifactContent = Uint8Array | AsyncIterable<Uint8Array> | { readonly file: string }

export interface ArtifactServiceDependencies extends PlaceDependencies {
  readonly platform: Pick<Platform, 'blobs' | 'clock'>
  readonly store: ReturnType<typeof createArtifactStore>
  readonly owners: ReturnType<typeof createArtifactOwnerStore>
  /** The number of an existing run; with `active`, refuses a deleted one. */
  runNumber(runId: string, active?: 'active'): Promise<number>
}

export type ArtifactService = ReturnType<typeof createArtifactService>

/**
 * Rules about artifacts: files kept by digest and listed as trees. Every path below the artifact root belongs to one
 * tree: of a run, of a logged model, of a model version (read only), or of what is none of these.
 */
export function createArtifactService(dependencies: ArtifactServiceDependencies) {
  const { platform, store, owners, runNumber } = dependencies
  const { blobs, clock } = platform
  const findPlace = createPlaceFinder(dependencies)

  const runTree = async (runId: string, active?: 'active'): Promise<ArtifactOwner> => ({
    kind: 'run',
    number: await runNumber(runId, active),
  })

  const findArtifact = async (runId: string, path: string): Promise<StoredArtifact> => {
    const wanted = artifactPath(path)
    return (
      (await store.find(await runTree(runId), wanted)) ??
      fail('not_found', `Run ${runId} has no artifact "${path}".`, {
        hint: `See \`devmlops runs show ${runId}\`.`,
      })
    )
  }

  const save = async (
    owner: ArtifactOwner,
    { path, content }: { readonly path: string; readonly content: ArtifactContent },
  ): Promise<StoredArtifact> => {
    const blob = await ('file' in content ? blobs.putFile(content.file) : blobs.put(content))
    return name(owner, path, blob)
  }

  /** Names bytes that are stored. */
  const name = async (owner: ArtifactOwner, path: string, blob: StoredBlob): Promise<StoredArtifact> => {
    const stored = { path, ...blob }
    const inTheWay = await store.put(owner, stored, clock.now())
    if (inTheWay === undefined) return stored
    return fail('conflict', `"${path}" cannot be logged: its tree has "${inTheWay}" already.`, {
      hint: 'A path is a file or a folder, not both.',
      at: 'path',
    })
  }

  const loggedModel = async (id: string): Promise<TreeOwner> => {
    const [model] = await owners.modelsById([id])
    return model ?? fail('not_found', `Logged model with ID '${id.slice(0, 100)}' not found.`)
  }

  const everythingAt = async (place: ArtifactPlace): Promise<readonly StoredArtifact[]> => {
    if ('version' in place) return withinFolder(place.version, place.path)
    const found = await store.all(place.owner, place.path)
    if (found.length > 0 || place.path === '') return found
    const file = await store.find(place.owner, place.path)
    return file === undefined ? [] : [file]
  }

  /** A tree of a run, or of the logged model that it made under that name: MLflow 3 keeps models beside the run. */
  const ofRunUri = async (runId: string, path: string): Promise<StoredArtifact[] | undefined> => {
    const [run] = await owners.runsById([runId])
    if (run === undefined) return undefined
    const own = await everythingAt({ owner: { kind: 'run', number: run.number }, path })
    if (own.length > 0 || path === '') return relativeTo(own, path)
    const [modelName = '', ...rest] = path.split('/')
    const model = await owners.modelOfRun(runId, modelName)
    if (model === undefined) return []
    const inside = rest.join('/')
    return relativeTo(
      await everythingAt({ owner: { kind: 'logged model', number: model }, path: inside }),
      inside,
    )
  }

  /**
   * The files below an artifact URI, by paths relative to it; a URI of one file gives that file by its name. Undefined when
   * the URI is not ours, or names a run, a model or a version that there is not.
   */
  const artifactsOfUri = async (uri: string): Promise<StoredArtifact[] | undefined> => {
    const [, scheme, id = '', rest] = /^(runs|models):\/{1,3}([^/]+)(?:\/(.*))?$/.exec(uri) ?? []
    if (scheme === undefined) {
      const path = proxiedPath(uri)
      if (path === undefined) return undefined
      const place = await findPlace(artifactFolder(path))
      return relativeTo(await everythingAt(place), place.path)
    }
    const inside = artifactFolder(rest)
    if (scheme === 'runs') return ofRunUri(id, inside)
    const [model] = id.startsWith('m-') ? await owners.modelsById([id]) : []
    if (model === undefined) return undefined
    const place = { owner: { kind: 'logged model', number: model.number }, path: inside } as const
    return relativeTo(await everythingAt(place), inside)
  }

  return {
    findArtifact,
    artifactsOfUri,

    /** Stores the bytes, then names them. The same path again replaces what it named. */
    logArtifact: async (artifact: {
      readonly runId: string
      readonly path: string
      readonly content: ArtifactContent
    }): Promise<StoredArtifact> => {
      const path = artifactPath(artifact.path)
      const owner = await runTree(artifact.runId, 'active')
      return save(owner, { path, content: artifact.content })
    },

    /** Every artifact of the run with its digest. */
    allArtifacts: async (runId: string): Promise<StoredArtifact[]> => store.all(await runTree(runId)),

    /** One folder: its files and folders by name. Of a file: nothing, as in MLflow. */
    listArtifacts: async (runId: string, folder?: string): Promise<ArtifactEntry[]> => {
      const path = artifactFolder(folder)
      return store.list(await runTree(runId), path)
    },

    readArtifact: async (runId: string, path: string): Promise<Uint8Array> =>
      blobs.get((await findArtifact(runId, path)).digest),

    streamArtifact: async (
      runId: string,
      path: string,
    ): Promise<StoredArtifact & { readonly content: AsyncIterable<Uint8Array> }> => {
      const artifact = await findArtifact(runId, path)
      return { ...artifact, content: await blobs.stream(artifact.digest) }
    },

    /** One folder of a run with the URI of the run's artifacts. */
    listRunFolder: async (
      runId: string,
      folder?: string,
    ): Promise<{ rootUri: string; entries: ArtifactEntry[] }> => {
      const path = artifactFolder(folder)
      const number = await runNumber(runId)
      const [run] = await owners.runsById([runId])
      return { rootUri: run?.artifact_uri ?? '', entries: await store.list({ kind: 'run', number }, path) }
    },

    listLoggedModelArtifacts: async (
      modelId: string,
      folder?: string,
    ): Promise<{ rootUri: string; entries: ArtifactEntry[] }> => {
      const path = artifactFolder(folder)
      const { number, artifact_uri } = await loggedModel(modelId)
      return { rootUri: artifact_uri, entries: await store.list({ kind: 'logged model', number }, path) }
    },

    findLoggedModelArtifact: async (modelId: string, path: string): Promise<StoredArtifact> => {
      const wanted = artifactPath(path)
      const { number } = await loggedModel(modelId)
      return (
        (await store.find({ kind: 'logged model', number }, wanted)) ??
        fail('not_found', `The logged model ${modelId} has no artifact "${path}".`, { at: 'path' })
      )
    },

    /** The artifact root as one tree, for those who know paths and no runs: MLflow's proxy. */
    artifactRoot: {
      /** Answers the path; refuses one that could climb. */
      checkPath: artifactPath,

      /** Fails with `not_found` when the path names no file. */
      find: async (path: string): Promise<StoredArtifact> => {
        const place = await findPlace(artifactPath(path))
        const found =
          'version' in place
            ? place.version.find((artifact) => artifact.path === place.path)
            : await store.find(place.owner, place.path)
        return found ?? fail('not_found', `There is no artifact "${path}".`, { at: 'path' })
      },

      /** One folder, as of a run; paths are relative to that of the tree. */
      list: async (path: string | undefined): Promise<ArtifactEntry[]> => {
        const place = await findPlace(artifactFolder(path))
        return 'version' in place
          ? childrenOf(place.version, place.path)
          : store.list(place.owner, place.path)
      },

      /** Whether the path may be written, before its bytes are sent: fails like `put`. */
      checkWritable: async (path: string): Promise<void> => {
        const place = await findPlace(artifactPath(path))
        writableOwner(place)
        if (place.path === '') refuseRoot(path)
      },

      put: async (path: string, content: ArtifactContent): Promise<StoredArtifact> => {
        const place = await findPlace(artifactPath(path))
        const owner = writableOwner(place)
        return place.path === '' ? refuseRoot(path) : save(owner, { path: place.path, content })
      },

      /** Names bytes that are stored already. */
      name: async (path: string, blob: StoredBlob): Promise<StoredArtifact> => {
        const place = await findPlace(artifactPath(path))
        const owner = writableOwner(place)
        return place.path === '' ? refuseRoot(path) : name(owner, place.path, blob)
      },

      /** Forgets a file or a folder with all in it. That nothing is there is no error. */
      remove: async (path: string): Promise<void> => {
        const place = await findPlace(artifactPath(path.length > 1 ? path.replace(/\/$/, '') : path))
        await store.remove(writableOwner(place), place.path)
      },
    },

    /** The bytes of an artifact, all or some. */
    openArtifact: (artifact: StoredBlob, range?: ByteRange): Promise<AsyncIterable<Uint8Array>> =>
      blobs.stream(artifact.digest, range),
  }
}

function refuseRoot(path: string): never {
  return fail('invalid_input', `Invalid path: "${path}" is the folder of all its artifacts.`, { at: 'path' })
}

function withinFolder(artifacts: readonly StoredArtifact[], folder: string): readonly StoredArtifact[] {
  if (folder === '') return artifacts
  return artifacts.filter(({ path }) => path === folder || path.startsWith(`${folder}/`))
}

function relativeTo(artifacts: readonly StoredArtifact[], folder: string): StoredArtifact[] {
  return artifacts.map((artifact) => ({ ...artifact, path: relativePath(artifact.path, folder) }))
}

function relativePath(path: string, folder: string): string {
  if (folder === '') return path
  return path === folder ? (path.split('/').at(-1) ?? path) : path.slice(folder.length + 1)
}

function childrenOf(artifacts: readonly StoredArtifact[], folder: string): ArtifactEntry[] {
  const start = folder === '' ? 0 : folder.length + 1
  const entries = new Map<string, ArtifactEntry>()
  for (const { path, digest, sizeBytes } of withinFolder(artifacts, folder)) {
    if (path === folder) continue
    const slash = path.indexOf('/', start)
    const child = slash === -1 ? path : path.slice(0, slash)
    entries.set(
      child,
      slash === -1 ? { path, isDirectory: false, digest, sizeBytes } : { path: child, isDirectory: true },
    )
  }
  return [...entries.values()]
}
