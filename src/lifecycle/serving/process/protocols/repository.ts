import { fail } from '#contract/errors'
import type { HttpAnswer, HttpCall } from '../http/http-call.ts'
import { jsonAnswer, objectOf } from '../http/http-call.ts'
import { parseJsonBody } from '../http/json-body.ts'
import { describe } from '../rows/field-error.ts'
import { refuseOthersDeployment, type ServingContext } from '../serving-context.ts'

/**
 * Triton's model repository extension (docs/protocol/extension_model_repository.md of its server). The repository is the
 * plan: what stands in it can be unloaded and loaded again, and nothing else can come in this way.
 */
export interface RepositoryEntry {
  readonly name: string
  readonly version: string
  readonly state: 'READY' | 'LOADING' | 'UNAVAILABLE'
  readonly reason: string
}

/** Every version of the plan, by name. @param readyOnly only those that answer */
export function repositoryEntries(
  { table }: Pick<ServingContext, 'table'>,
  readyOnly: boolean,
): readonly RepositoryEntry[] {
  const { deployments, broken, unloaded } = table()
  const ready = [...deployments.values()].map(({ plan }) => ({ plan, state: 'READY' as const, reason: '' }))
  if (readyOnly) return entriesOf(ready)
  return entriesOf([
    ...ready,
    ...[...broken.values()].map(({ plan, reason }) => ({
      plan,
      state: reason.includes('still being loaded') ? ('LOADING' as const) : ('UNAVAILABLE' as const),
      reason,
    })),
    ...[...unloaded.values()].map((plan) => ({ plan, state: 'UNAVAILABLE' as const, reason: 'unloaded' })),
  ])
}

interface PlanState extends Pick<RepositoryEntry, 'state' | 'reason'> {
  readonly plan: { readonly name: string; readonly variants: readonly { readonly version: number }[] }
}

function entriesOf(states: readonly PlanState[]): readonly RepositoryEntry[] {
  return states
    .toSorted((left, right) => (left.plan.name < right.plan.name ? -1 : 1))
    .flatMap(({ plan, state, reason }) =>
      plan.variants.map((variant) => ({ name: plan.name, version: String(variant.version), state, reason })),
    )
}

export function repositoryIndex(context: ServingContext, call: HttpCall): HttpAnswer {
  const { ready } = optionalBody(call)
  if (ready !== undefined && ready !== null && typeof ready !== 'boolean')
    return fail('invalid_input', `ready is ${describe(ready)}; true or false is expected.`, { at: 'ready' })
  return jsonAnswer(JSON.stringify(repositoryEntries(context, ready === true)))
}

/** Makes a deployment that was unloaded or is broken answer again. */
export async function loadModel(context: ServingContext, call: HttpCall, name: string): Promise<HttpAnswer> {
  refuseOthersDeployment(call, name)
  refuseContent(repositoryParameters(call))
  await context.repository.load(name)
  return jsonAnswer(JSON.stringify({ name, load: true }))
}

/** Frees the models of a deployment, until it is loaded again or a new plan comes. */
export async function unloadModel(
  context: ServingContext,
  call: HttpCall,
  name: string,
): Promise<HttpAnswer> {
  refuseOthersDeployment(call, name)
  // `unload_dependents` changes nothing: a deployment depends on no other.
  repositoryParameters(call)
  await context.repository.unload(name)
  return jsonAnswer(JSON.stringify({ name, unload: true }))
}

/** Fails for parameters that bring a model along: which model answers is decided by the registry and the plan. */
export function refuseContent(parameters: Readonly<Record<string, unknown>>): void {
  const refused = Object.keys(parameters).find((key) => key === 'config' || key.startsWith('file:'))
  if (refused === undefined) return
  fail(
    'invalid_input',
    `parameters.${refused.slice(0, 60)} is not supported: a deployment's model comes from the registry.`,
    {
      at: `parameters.${refused.slice(0, 60)}`,
      hint: 'Register the model and deploy it with `devmlops deploy`.',
    },
  )
}

function repositoryParameters(call: HttpCall): Readonly<Record<string, unknown>> {
  const { parameters } = optionalBody(call)
  return parameters === undefined || parameters === null ? {} : objectOf(parameters, 'parameters')
}

function optionalBody({ body }: HttpCall): Readonly<Record<string, unknown>> {
  return body.length === 0 ? {} : objectOf(parseJsonBody(body), 'The body')
}
