import { actorName } from '#ui/kit/format'
import type { Tone } from '#ui/kit/tone'
import type { DeploymentView, PredictionView } from '../contract.ts'
import type { DeploymentFigures, WindowFigures } from '../deployment/live.ts'

type Live = NonNullable<DeploymentView['live']>

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
  return variants
    .map(({ name, version, weight, share }) =>
      share === undefined ? `${name} v${version} ${weight} %` : `${name} v${version} copy of ${share} %`,
    )
    .join(', ')
}

/** The same where there is little room: the colours tell which is which. */
export function versionsText({ variants }: Pick<DeploymentView, 'variants'>): string {
  return variants
    .filter(({ weight }) => weight > 0)
    .map(({ version, weight }) => `v${version} ${weight} %`)
    .join(' · ')
}

/** What answers, in words: `v3 answers`, `v3 answers 80 %, v4 20 %`. */
export function answersText({ state, variants }: DeploymentView): string {
  if (state === 'stopped') return 'Nothing answers'
  const answering = variants.filter(({ weight }) => weight > 0)
  const [only] = answering
  if (only === undefined) return 'Nothing answers'
  if (answering.length === 1) return `v${only.version} of ${only.model} answers`
  return answering
    .map(({ version, weight }, index) => `v${version} ${index === 0 ? 'answers ' : ''}${weight} %`)
    .join(', ')
}

/** `by anna: it scores better` */
export function changeText({ updatedBy, reason }: Pick<DeploymentView, 'updatedBy' | 'reason'>): string {
  return `by ${actorName(updatedBy)}${reason === '' ? '' : `: ${reason}`}`
}

const lineLength = 110

/** As much as one line takes; what was left out stands in the tooltip. */
export function lineOf(text: string): string {
  return text.length <= lineLength ? text : `${text.slice(0, lineLength).replace(/[\s;:,]+\S*$/, '')}…`
}

/** The shortest window that has enough requests for a quantile to mean something. */
export function shownWindow({
  lastMinute,
  lastFiveMinutes,
}: Pick<DeploymentFigures, 'lastMinute' | 'lastFiveMinutes'>): WindowFigures {
  return lastMinute.requests >= 100 ? lastMinute : lastFiveMinutes
}

export function windowWords({ seconds }: WindowFigures): string {
  return seconds === 60 ? 'last minute' : `last ${seconds / 60} minutes`
}

export function inFlightOf({ variants }: Live): number {
  return variants.reduce((sum, { inFlight }) => sum + inFlight, 0)
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

/** The output that is the score of a prediction: the probability where there is one, else the first number. */
export function scoreOf(outputs: PredictionView['outputs']): number | undefined {
  const first = outputs['probability'] ?? Object.values(outputs).find((value) => typeof value === 'number')
  return typeof first === 'number' ? first : undefined
}

/** Mean score of the newest predictions of a variant; undefined of none. */
export function meanScore(
  predictions: readonly PredictionView[],
  { name, version }: { readonly name: string; readonly version: number },
): { readonly mean: number; readonly count: number } | undefined {
  const scores = predictions.flatMap((one) => {
    const score = one.variant === name && one.version === version ? scoreOf(one.outputs) : undefined
    return score === undefined ? [] : [score]
  })
  if (scores.length === 0) return undefined
  return { mean: scores.reduce((sum, score) => sum + score, 0) / scores.length, count: scores.length }
}
