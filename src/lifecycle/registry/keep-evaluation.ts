import { fail } from '#contract/errors'
import type { KeptEvaluation, RegisteredCandidate } from '#lifecycle/evaluation/candidate-point'
import type { Platform } from '#platform/platform'
import type { EvaluationReference } from './contract.ts'
import type { EvaluationTables } from './evaluation-tables.ts'
import type { RegistryTables } from './tables.ts'
import type { VersionRecord } from './version-details.ts'

/**
 * Gives a registered version an evaluation: what it is made of stays, and how it was judged last counts for gates. Clients
 * register before anybody has judged, so the judgement must be able to come later; all of them are kept.
 */
export async function keepEvaluation(
  { database, clock, events }: Pick<Platform, 'database' | 'clock' | 'events'>,
  { model, version }: RegisteredCandidate,
  { reportDigest, profileDigest, verdict, actor }: KeptEvaluation,
): Promise<void> {
  const query = database.query.withTables<RegistryTables & EvaluationTables>()
  const isNew = await query.transaction().execute(async (transaction) => {
    // The lock that moves of aliases take as well: a promotion sees this verdict or comes before it.
    const locked = await transaction
      .updateTable('registered_models')
      .set({ updated_at: clock.now() })
      .where('name', '=', model)
      .where('deleted_at', 'is', null)
      .returning('number')
      .executeTakeFirst()
    const key = { number: locked?.number ?? -1, version }
    const row = await transaction
      .selectFrom('model_versions')
      .select('record')
      .where('model_number', '=', key.number)
      .where('version', '=', version)
      .where('deleted_at', 'is', null)
      .executeTakeFirst()
    if (row === undefined) return fail('not_found', `The model "${model}" has no version ${version}.`)
    const record = JSON.parse(row.record) as VersionRecord
    if (record.evaluation?.reportDigest === reportDigest) return false
    const evaluation: EvaluationReference = { reportDigest, profileDigest, verdict }
    await transaction
      .updateTable('model_versions')
      .set({ record: JSON.stringify({ ...record, evaluation }), verdict })
      .where('model_number', '=', key.number)
      .where('version', '=', version)
      .execute()
    await transaction
      .insertInto('version_evaluations')
      .values({
        model_number: key.number,
        version,
        report_digest: reportDigest,
        profile_digest: profileDigest,
        verdict,
        actor,
        time: clock.now(),
      })
      .execute()
    return true
  })
  if (!isNew) return
  await events.emit({
    type: 'model.evaluated',
    subject: `model/${model}@${version}`,
    actor,
    payload: { model, version, verdict },
  })
}
