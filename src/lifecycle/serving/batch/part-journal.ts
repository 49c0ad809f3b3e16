import { open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

/** A finished file of scores. */
const partSchema = z.object({
  /** Counted over all units. */
  unit: z.int().nonnegative(),
  path: z.string(),
  rows: z.int().nonnegative(),
  refused: z.int().nonnegative(),
})
export type ScoredPart = z.output<typeof partSchema>

/**
 * What a batch has done, so that it goes on where it was killed: a part counts when its file is whole on disk and its line
 * is in the journal after it. Each row is scored into exactly one part, however often the work is begun again.
 */
export interface PartJournal {
  finished(): Promise<ReadonlyMap<number, ScoredPart>>
  /** Gives the file at `aside` its name, and keeps that it is whole. */
  finish(aside: string, part: Omit<ScoredPart, 'path'>): Promise<void>
  /** Where the file of a unit is written before it counts. */
  aside(unit: number): string
}

export function partJournal(directory: string): PartJournal {
  const journal = join(directory, 'parts.ndjson')
  const pathOf = (unit: number): string => join(directory, `part-${String(unit).padStart(6, '0')}.parquet`)
  return {
    aside: (unit) => `${pathOf(unit)}.writing`,
    finished: async () => {
      const text = await readFile(journal, 'utf8').catch(() => '')
      const parts = new Map<number, ScoredPart>()
      // What stands after the last line end was cut off by a crash.
      for (const line of text.split('\n').slice(0, -1)) {
        const part = partSchema.safeParse(parsed(line))
        if (!part.success) continue
        const file = await stat(part.data.path).catch(() => undefined)
        if (file !== undefined) parts.set(part.data.unit, part.data)
      }
      return parts
    },
    finish: async (aside, part) => {
      const path = pathOf(part.unit)
      await synced(aside)
      await rename(aside, path)
      await synced(directory)
      const handle = await open(journal, 'a', 0o600)
      try {
        await handle.appendFile(`${JSON.stringify({ ...part, path })}\n`)
        await handle.datasync()
      } finally {
        await handle.close()
      }
    },
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
