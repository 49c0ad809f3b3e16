import { fail } from '#contract/errors'
import type { StoredBlob } from '#platform/blobs/index'
import type { Platform } from '#platform/platform'
import { artifactPath } from './artifact-path.ts'
import type { createArtifactStore, StoredArtifact } from './artifact-store.ts'
import type { ArtifactEntry } from './contract.ts'

export type ArtifactContent = Uint8Array | AsyncIterable<Uint8Array> | { readonly file: string }

export interface ArtifactServiceDependencies {
  readonly platform: Pick<Platform, 'blobs' | 'clock'>
  readonly store: ReturnType<typeof createArtifactStore>
  /** The number of an existing run; with `active`, refuses a deleted one. */
  runNumber(runId: string, active?: 'active'): Promise<number>
}

/** Rules about artifacts: files of a run, kept by digest and listed as a tree. */
export function createArtifactService({ platform, store, runNumber }: ArtifactServiceDependencies) {
  const { blobs, clock } = platform

  const findArtifact = async (runId: string, path: string): Promise<StoredArtifact> => {
    const wanted = artifactPath(path)
    const all = await store.ofRun(await runNumber(runId))
    return (
      all.find((artifact) => artifact.path === wanted) ??
      fail('not_found', `Run ${runId} has no artifact "${path}".`, {
        hint: `See \`devmlops runs show ${runId}\`.`,
      })
    )
  }

  return {
    findArtifact,

    /** Stores the bytes, then names them. The same path again replaces what it named. */
    logArtifact: async (artifact: {
      readonly runId: string
      readonly path: string
      readonly content: ArtifactContent
    }): Promise<StoredArtifact> => {
      const path = artifactPath(artifact.path)
      const number = await runNumber(artifact.runId, 'active')
      const { content } = artifact
      const blob: StoredBlob = await ('file' in content ? blobs.putFile(content.file) : blobs.put(content))
      const stored = { path, ...blob }
      const inTheWay = await store.put(number, stored, clock.now())
      if (inTheWay === undefined) return stored
      return fail('conflict', `"${path}" cannot be logged: the run already has "${inTheWay}".`, {
        hint: 'A path is a file or a folder, not both.',
        at: 'path',
      })
    },

    /** Every artifact of the run with its digest. */
    allArtifacts: async (runId: string): Promise<StoredArtifact[]> => store.ofRun(await runNumber(runId)),

    /** One folder: its files and folders by name. Of a file: nothing, as in MLflow. */
    listArtifacts: async (runId: string, folder?: string): Promise<ArtifactEntry[]> => {
      const prefix = folder === undefined || folder === '' ? '' : `${artifactPath(folder)}/`
      const entries = new Map<string, ArtifactEntry>()
      for (const { path, digest, sizeBytes } of await store.ofRun(await runNumber(runId))) {
        if (!path.startsWith(prefix)) continue
        const slash = path.indexOf('/', prefix.length)
        const name = slash === -1 ? path : path.slice(0, slash)
        entries.set(
          name,
          slash === -1 ? { path, isDirectory: false, digest, sizeBytes } : { path: name, isDirectory: true },
        )
      }
      return [...entries.values()]
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
  }
}
