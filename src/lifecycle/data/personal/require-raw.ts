import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { hidesAnything, type Masking } from './masking.ts'

/** The user's own files hold every value as it is: who may not see those gets no files of a dataset that masks any. */
export function requireRaw(
  masking: Masking,
  dataset: string,
  { name, permissions }: Pick<Caller, 'name' | 'permissions'>,
): void {
  if (permissions.has('admin') || !hidesAnything(masking)) return
  fail(
    'permission_denied',
    `Columns of "${dataset}" are masked, and its files hold them as they are; ${name} is no administrator.`,
    { hint: `Export it, which is masked: devmlops data export ${dataset} --to FILE.parquet`, at: dataset },
  )
}
