import { fail } from '#contract/errors'
import { parseDuration } from '#contract/units'

/** `90d`, `12h`, or `0`, of an option. */
export function durationOf(text: string, option: string): number {
  const found = text === '0' ? 0 : parseDuration(text)
  return (
    found ??
    fail('invalid_input', `${option} takes a time such as 90d, 12h or 0, not "${text}".`, { at: option })
  )
}
