import { messageOf } from '#contract/errors'

/** Why the engine could not compute a check: its first line; what follows points into SQL that no user wrote. */
export function uncomputed(error: unknown): string {
  const [reason = ''] = messageOf(error)
    .replace(/^SQL failed: /, '')
    .split('\n')
  return `it could not be computed: ${reason}`
}
