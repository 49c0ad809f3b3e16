import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const count = z.int().min(0)

const variantOutcomesSchema = z.object({
  deployment: z.string(),
  variant: z.string(),
  model: z.string(),
  version: z.int(),
  /** When the variant began to answer in this place: a new plan or a new process begins a new line. Epoch milliseconds. */
  since: z.int(),
  /** Requests. */
  answered: count,
  /** Rows in them. */
  rows: count.default(0),
  /** Requests that failed through no fault of the caller. */
  failed: count,
  /** Requests whose rows its signature does not take. The caller's fault, unless another variant takes them. */
  refused: count.default(0),
})
export type VariantOutcomes = z.output<typeof variantOutcomesSchema>

export const outcomesFileSchema = z.object({
  writtenAt: z.int(),
  /** Whether a process still counts; a file that says so when a process starts was left by one that died. */
  open: z.boolean(),
  /** How often a process died: each time at most the counts of a second are missing. */
  deaths: count,
  variants: z.array(variantOutcomesSchema),
})
export type OutcomesFile = z.output<typeof outcomesFileSchema>

/** The prediction log has no line for a request that failed, so failures are counted here. */
export function outcomesPath(stateDirectory: string): string {
  return join(stateDirectory, 'outcomes.json')
}

/** What the serving process last wrote; undefined when it never did, or when the file cannot be read. */
export async function readOutcomes(stateDirectory: string): Promise<OutcomesFile | undefined> {
  try {
    return outcomesFileSchema.parse(JSON.parse(await readFile(outcomesPath(stateDirectory), 'utf8')))
  } catch {
    return undefined
  }
}
