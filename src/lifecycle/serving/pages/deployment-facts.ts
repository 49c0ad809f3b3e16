import type { Tone } from '#ui/kit/tone'
import type { DeploymentView } from '../contract.ts'

/** Traffic has no events: it is asked for while somebody looks. */
export const pollTrafficMs = 2000

/** By the place of the variant: the champion is first. */
export function variantColor(index: number): string {
  return `--series-${(index % 6) + 1}`
}

export function readiness({ state, live }: DeploymentView): { readonly tone: Tone; readonly word: string } {
  if (state === 'stopped') return { tone: 'quiet', word: 'Stopped' }
  if (live === undefined) return { tone: 'bad', word: 'Not running' }
  return live.ready ? { tone: 'good', word: 'Ready' } : { tone: 'warn', word: 'Not ready' }
}

export function variantsText({ variants }: { readonly variants: DeploymentView['variants'] }): string {
  return variants.map(({ name, version, weight }) => `${name} v${version} ${weight} %`).join(', ')
}

export interface Traffic {
  readonly requests: number
  readonly errors: number
  /** Undefined without requests. */
  readonly errorShare: number | undefined
}

/** Undefined while the serving process does not run. */
export function trafficOf({ live }: DeploymentView): Traffic | undefined {
  if (live === undefined) return undefined
  const requests = live.variants.reduce((sum, variant) => sum + variant.requests, 0)
  const errors = live.variants.reduce((sum, variant) => sum + variant.errors, 0)
  return { requests, errors, errorShare: requests === 0 ? undefined : errors / requests }
}

/** The value that this share of the values does not exceed; undefined of none. Nearest rank. */
export function quantileOf(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
}
