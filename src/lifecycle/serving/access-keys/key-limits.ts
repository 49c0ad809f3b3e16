import { fail } from '#contract/errors'
import { parseDuration } from '#contract/units'
import type { Rate, Scope } from '../deployment/access.ts'

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `100/s`, `5000/h` → requests in milliseconds. */
export function parseRate(text: string): Rate {
  const [, requests = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)\/([smhd])$/.exec(text) ?? []
  const perMs = unitMs[unit]
  if (perMs !== undefined && Number(requests) > 0) return { requests: Number(requests), perMs }
  return fail(
    'invalid_input',
    `--rate is "${text}"; requests per second, minute, hour or day are expected.`,
    {
      at: '--rate',
      hint: 'For example 100/s, 600/m or 5000/h.',
    },
  )
}

export interface KeyLimitWords {
  readonly rate: string | undefined
  readonly expires: string | undefined
  readonly scopes: readonly string[]
  readonly deployments: readonly string[]
  readonly concurrency: number | undefined
}

/** The words of the command line as the call takes them. `now` is in epoch milliseconds. */
export function keyLimits({ rate, expires, scopes, deployments, concurrency }: KeyLimitWords, now: number) {
  return {
    ...(rate === undefined ? {} : { rate: parseRate(rate) }),
    ...(expires === undefined ? {} : { expiresAt: now + durationOf(expires) }),
    ...(scopes.length === 0 ? {} : { scopes: [...scopes] as Scope[] }),
    ...(deployments.length === 0 ? {} : { deployments: [...deployments] }),
    ...(concurrency === undefined ? {} : { concurrency }),
  }
}

function durationOf(text: string): number {
  return (
    parseDuration(text) ??
    fail('invalid_input', `--expires is "${text}"; a duration such as 12h, 90d or 52w is expected.`, {
      at: '--expires',
    })
  )
}
