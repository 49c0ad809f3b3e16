import { openAsBlob } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DevmlopsError, fail } from '#contract/errors'
import { isPassing, type TrackingClient } from './delivery.ts'

/** The path of a file or folder, or bytes. */
export type ArtifactSource = string | URL | Uint8Array | Blob

export interface ArtifactTarget {
  readonly tracking: TrackingClient
  readonly runId: string
  /** For how long an upload is tried again when the server does not answer. */
  readonly timeoutMs: number
}

export async function logArtifact(
  target: ArtifactTarget,
  source: ArtifactSource,
  path: string | undefined,
): Promise<void> {
  if (typeof source !== 'string' && !(source instanceof URL)) {
    const named = path ?? fail('invalid_input', 'Bytes need a path in the run.', { at: 'path' })
    return upload(target, named, source instanceof Blob ? source : new Blob([new Uint8Array(source)]))
  }
  const file = source instanceof URL ? source.pathname : source
  for await (const { from, to } of filesOf(file, path ?? basename(file))) {
    await upload(target, to, await openAsBlob(from))
  }
}

async function* filesOf(from: string, to: string): AsyncGenerator<{ from: string; to: string }> {
  const found = await stat(from).catch(() => fail('not_found', `There is no file ${from}.`, { at: from }))
  if (!found.isDirectory()) return yield { from, to }
  const names = await readdir(from)
  for (const name of names.sort()) yield* filesOf(join(from, name), `${to}/${name}`)
}

/** From the beginning each time: a stored artifact is replaced, so sending it twice changes nothing. */
async function upload(
  { tracking, runId, timeoutMs }: ArtifactTarget,
  path: string,
  bytes: Blob,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5000)) {
    try {
      await tracking.logArtifact({ runId, path }, { body: bytes.stream() })
      return
    } catch (error) {
      const passes = error instanceof DevmlopsError && isPassing(error)
      if (!passes || Date.now() + pauseMs > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}
