import type { Handlers } from '#contract/endpoint'
import type { diffCalls } from './diff-calls.ts'
import type { DiffService } from './diff-service.ts'

export function diffHandlers(diffs: DiffService): Handlers<typeof diffCalls> {
  return {
    diff: (input) => diffs.diff(input),
    diffRows: (input) => diffs.rows(input),
  }
}
