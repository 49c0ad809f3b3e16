import { DevmlopsError, errorTable, type ErrorCode } from '#contract/errors'
import { ErrorNotice } from '#ui/kit/notice'
import type { Failure } from '../contract.ts'

/** Why a run or a step failed, in the words that were kept with it. */
export function RunFailure({ failure: { code, message, hint } }: { failure: Failure }) {
  const known = code in errorTable ? (code as ErrorCode) : 'step_failed'
  return <ErrorNotice error={new DevmlopsError(known, message, hint === undefined ? {} : { hint })} />
}
