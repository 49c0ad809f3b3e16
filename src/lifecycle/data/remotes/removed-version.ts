import { fail } from '#contract/errors'
import type { Database } from '#platform/database/index'
import type { VersionName } from '../reference.ts'
import { createVersionRows } from './version-rows.ts'

/** Says of a version that garbage collection took away that it did. */
export async function failIfRemoved(
  database: Database,
  dataset: string,
  version: VersionName,
): Promise<void> {
  if (typeof version !== 'number') return
  const removal = await createVersionRows(database).removal({ dataset, version })
  if (removal === undefined) return
  const day = new Date(removal.removedAt).toISOString().slice(0, 10)
  fail(
    'not_found',
    `${dataset}@${version} was removed by ${removal.removedBy} on ${day}, as nothing named it.`,
    {
      hint: `Fetch it from a remote that has it: devmlops data pull ${dataset}@${version}.`,
      at: `${dataset}@${version}`,
    },
  )
}
