import { askEndpoint } from '#contract/ask-endpoint'
import { DevmlopsError, fail } from '#contract/errors'
import { environmentVariable } from '#platform/config'
import type { DeploymentView, PredictionView } from './contract.ts'

export interface ExplainRequest {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** The version that answered it shall explain it. */
  readonly logged?: PredictionView | undefined
  readonly class?: string | undefined
  readonly counterfactual?: { readonly target: unknown; readonly fixed: readonly string[] } | undefined
}

/** What the serving process answers. */
export interface ExplainAnswer {
  readonly model: string
  readonly variant: string
  readonly version: number
  readonly explanations: readonly {
    readonly output: string
    readonly class?: string | number
    readonly score: number
    readonly scale: string
    readonly raw_score: number
    readonly base_value: number
    readonly method: string
    readonly compared_with: string
    readonly permutations?: number
    readonly contributions: readonly {
      readonly field: string
      readonly value: string | number | boolean | null
      readonly contribution: number
      readonly standard_error?: number
      readonly points?: number
      readonly reason: string
    }[]
    readonly reasons: readonly string[]
    readonly counterfactual?: { readonly found: boolean; readonly reason: string }
  }[]
}

const timeoutMs = 60_000

/** Fails with `not_found` when the version that answered a logged prediction is not loaded any more. */
export async function requestExplanations(
  { name, live }: Pick<DeploymentView, 'name' | 'live'>,
  { rows, logged, class: label, counterfactual }: ExplainRequest,
): Promise<ExplainAnswer> {
  const url = live?.url
  if (url === undefined)
    return fail('not_ready', `"${name}" does not answer.`, {
      hint: 'Start the server with `devmlops server`.',
    })
  if (logged !== undefined && logged.deployment !== name) {
    fail('invalid_input', `The prediction ${logged.id} was made by "${logged.deployment}", not by "${name}".`)
  }
  try {
    const response = await askEndpoint(
      { url, token: environmentVariable('DEVMLOPS_TOKEN') },
      {
        path: `/deployments/${encodeURIComponent(name)}/explain`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ rows, class: label, counterfactual, version: logged?.version }),
        timeoutMs,
      },
    )
    return (await response.json()) as ExplainAnswer
  } catch (error) {
    if (logged === undefined || !(error instanceof DevmlopsError) || error.code !== 'not_found') throw error
    return fail('not_found', `It was answered by ${logged.model} v${logged.version}: ${error.message}`, {
      hint: 'Give its inputs as FIELD=VALUE to explain them with a version that is deployed now.',
      cause: error,
    })
  }
}
