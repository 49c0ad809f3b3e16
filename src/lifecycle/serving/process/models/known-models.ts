import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { modelSignatureSchema } from '#lifecycle/tracking/contract'
import { replaceFile } from '#platform/replace-file'
import type { LoadedModel } from '../../model-runtime-point.ts'

/** What must be known of a model while it is not in memory. */
export type ModelFacts = Pick<LoadedModel, 'platform' | 'outputs' | 'answer'>

export interface KnownModel {
  readonly facts: ModelFacts
  /** The most that it was seen to hold. */
  readonly heldBytes: number
}

const knownSchema = z.record(
  z.string(),
  z.object({
    facts: z.object({
      platform: z.string(),
      outputs: modelSignatureSchema.shape.outputs,
      answer: z
        .object({
          form: z.enum(['values', 'records', 'columns']),
          columns: z.array(z.tuple([z.string(), z.string()])),
        })
        .optional(),
    }),
    heldBytes: z.number().nonnegative(),
  }),
)

export interface KnownModels {
  get(key: string): KnownModel | undefined
  /** Kept on disk too, so that a restarted process need not load a model to know it. */
  set(key: string, known: KnownModel): void
  /** Forgets all others. */
  keepOnly(keys: ReadonlySet<string>): void
  close(): Promise<void>
}

/** Models that were loaded and tried once, by the digest of what they are loaded from. */
export async function openKnownModels(stateDirectory: string | undefined): Promise<KnownModels> {
  const path = stateDirectory === undefined ? undefined : join(stateDirectory, 'models.json')
  const known = new Map<string, KnownModel>(path === undefined ? [] : Object.entries(await readKnown(path)))
  let writing: Promise<void> | undefined
  let isDirty = false
  const write = async (): Promise<void> => {
    while (isDirty) {
      isDirty = false
      if (path === undefined) break
      // It can be made again: then the models are loaded once more.
      await replaceFile(path, JSON.stringify(Object.fromEntries(known)), { mode: 0o600 }).catch(
        () => undefined,
      )
    }
    writing = undefined
  }
  const changed = (): void => {
    isDirty = true
    writing ??= Promise.resolve().then(write)
  }
  return {
    get: (key) => known.get(digest(key)),
    set: (key, facts) => {
      known.set(digest(key), facts)
      changed()
    },
    keepOnly: (keys) => {
      const kept = new Set([...keys].map(digest))
      for (const key of known.keys()) {
        if (kept.has(key)) continue
        known.delete(key)
        changed()
      }
    },
    close: async () => writing,
  }
}

async function readKnown(path: string): Promise<Record<string, KnownModel>> {
  try {
    return knownSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return {}
  }
}

function digest(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
