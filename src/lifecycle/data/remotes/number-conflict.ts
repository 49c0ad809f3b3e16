import { fail } from '#contract/errors'
import type { DatasetVersion } from '../versions/dataset-version.ts'

interface NumberConflict {
  readonly dataset: string
  readonly version: number
  /** What has the number there; unknown when it came and went meanwhile. */
  readonly by: Pick<DatasetVersion, 'createdAt' | 'createdBy'> | undefined
  readonly at: string
  readonly pushing: boolean
}

/** Two people gave the same number to different versions. Neither is ever changed; one gets another number. */
export function numberTaken({ dataset, version, by, at, pushing }: NumberConflict): never {
  const reference = `${dataset}@${version}`
  const made = by === undefined ? '' : `, made by ${by.createdBy} on ${new Date(by.createdAt).toISOString()}`
  return fail('conflict', `${reference} at ${at} is another version than ${reference} here${made}.`, {
    hint: pushing
      ? `Take theirs as your next version: devmlops data pull ${reference} --renumber. Send yours under the next free number there: devmlops data push ${reference} --renumber.`
      : `Take theirs as your next version: devmlops data pull ${reference} --renumber.`,
    at: reference,
  })
}
