import {
  endOfPredictions,
  readPredictions,
  type PredictionCursor,
  type Rollout,
} from '#lifecycle/serving/index'
import { stepEvidenceSchema, withRecords, type EvidencePage, type StepEvidence } from './canary-evidence.ts'
import type { TrialRow } from './canary-store.ts'
import type { PairScoring } from './score-both-ways.ts'

const pageRecords = 20_000

/**
 * Reads what is new in the log into the evidence of the step that runs. Evidence and cursor are kept in one transaction after
 * each page: a server that dies goes on where it was, and no record counts twice.
 */
export async function readStep(
  trial: TrialRow,
  { stable, stepStartedAt: since }: Pick<Rollout, 'stable' | 'stepStartedAt'>,
  { directory, store, references, signal }: PairScoring,
): Promise<StepEvidence> {
  const champion = await references.referenceOf(stable.model, stable.version)
  const canary = await references.referenceOf(trial.canary_model ?? trial.model, trial.canary_version)
  const variants: EvidencePage['variants'] = [
    { name: 'champion', version: stable.version, scoreColumn: champion?.scoreColumn },
    { name: trial.variant, version: trial.canary_version, scoreColumn: canary?.scoreColumn },
  ]
  const known = await store.canaries.step(trial.id, since)
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
      trial: trial.id,
      started_at: since,
      segment: cursor.segment,
      byte_offset: cursor.offset,
      document: JSON.stringify(evidence),
    })
  }
}

/** The beginning of a segment before which nothing is as late as `time`. */
export async function cursorBefore(directory: string, time: number): Promise<PredictionCursor> {
  let before: PredictionCursor = { segment: 0, offset: 0 }
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
