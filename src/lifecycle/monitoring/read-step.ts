import {
  predictionCursorBefore,
  endOfPredictions,
  readPredictions,
  servingDirectory,
  shadowDirectory,
  type PredictionCursor,
  type Rollout,
} from '#lifecycle/serving/index'
import { stepEvidenceSchema, withRecords, type EvidencePage, type StepEvidence } from './canary-evidence.ts'
import type { TrialRow } from './canary-store.ts'
import type { TrialContext } from './trial-context.ts'

const pageRecords = 20_000

/** What the logs show of the step that runs. Shadows have a log of their own. */
export async function readStep(
  trial: TrialRow,
  { stable, stepStartedAt: since, strategy }: Pick<Rollout, 'stable' | 'stepStartedAt' | 'strategy'>,
  context: TrialContext,
): Promise<StepEvidence> {
  const { directory, references, platform } = context
  const champion = await references.referenceOf(stable.model, stable.version)
  const canary = await references.referenceOf(trial.canary_model ?? trial.model, trial.canary_version)
  const stableSide = { name: 'champion', version: stable.version, scoreColumn: champion?.scoreColumn }
  const triedSide = { name: trial.variant, version: trial.canary_version, scoreColumn: canary?.scoreColumn }
  const read = (key: string, log: string, variants: EvidencePage['variants']): Promise<StepEvidence> =>
    readEvidence({ key, directory: log, since, variants }, context)
  if (strategy !== 'shadow') return read(trial.id, directory, [stableSide, triedSide])
  const shadows = shadowDirectory(servingDirectory(platform.config.home), trial.deployment)
  return {
    ...(await read(trial.id, directory, [stableSide])),
    ...(await read(`${trial.id}/shadow`, shadows, [triedSide])),
  }
}

interface EvidenceRequest extends Pick<EvidencePage, 'since' | 'variants'> {
  /** What the evidence is kept under. */
  readonly key: string
  readonly directory: string
}

/**
 * Reads what is new in a log into the evidence so far. Evidence and cursor are one row, written after each page: a server
 * that dies goes on where it was, and no record counts twice.
 */
async function readEvidence(
  { key, directory, since, variants }: EvidenceRequest,
  { store, signal }: Pick<TrialContext, 'store' | 'signal'>,
): Promise<StepEvidence> {
  const known = await store.canaries.step(key, since)
  let evidence = known === undefined ? {} : stepEvidenceSchema.parse(JSON.parse(known.document))
  let cursor =
    known === undefined
      ? await cursorBefore(directory, since)
      : { segment: known.segment, offset: known.byte_offset }
  const until = await endOfPredictions(directory)
  for (;;) {
    signal?.throwIfAborted()
    const page = await readPredictions({ directory, after: cursor, limit: pageRecords, until })
    if (page.next === undefined || page.records.length + page.unreadable === 0) return evidence
    cursor = page.next
    evidence = withRecords(evidence, { records: page.records, since, variants })
    await store.canaries.keepStep({
      trial: key,
      started_at: since,
      segment: cursor.segment,
      byte_offset: cursor.offset,
      document: JSON.stringify(evidence),
    })
  }
}

/** The beginning of a segment before which nothing is as late as `time`. */
export async function cursorBefore(directory: string, time: number): Promise<PredictionCursor> {
  // What is in Parquet already need not be looked through.
  let before = await predictionCursorBefore(directory, time)
  for (;;) {
    // The first record of the next segment that has any.
    const { records, next } = await readPredictions({
      directory,
      after: { segment: before.segment + 1, offset: 0 },
      limit: 1,
    })
    const [record] = records
    if (record === undefined || next === undefined || record.time >= time) return before
    before = { segment: next.segment, offset: 0 }
  }
}
