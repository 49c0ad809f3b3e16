import type { GraphSettings } from './graph.ts'
import type { ModelSettings } from './model.ts'
import type { UpstreamSettings } from './upstream.ts'

/** A model that is no version of the registry. */
export type Composition = UpstreamSettings | { readonly graph: GraphSettings }

/** No registered model has a name with a slash. */
const composedName = /^(?:graph|upstream)\//

export function isComposed(model: string): boolean {
  return composedName.test(model)
}

type Declared = { readonly model: ModelSettings }
type Named<Settings> = Omit<Settings, 'model'> & { model: string; composition?: Composition }

/**
 * Deployments as everything but their form in devmlops.yaml sees them: `model` is always a name and an alias. What is
 * composed is called after its deployment, and its alias is whatever devmlops.yaml says of it.
 */
export function withNamedModels<Settings extends Declared>(
  deployments: Readonly<Record<string, Settings>>,
): Record<string, Named<Settings>> {
  return Object.fromEntries(
    Object.entries(deployments).map(([name, settings]): [string, Named<Settings>] => {
      const { model, ...rest } = settings
      if (typeof model === 'string') return [name, { ...rest, model }]
      const kind = 'graph' in model ? 'graph' : 'upstream'
      return [name, { ...rest, model: `${kind}/${name}@declared`, composition: model }]
    }),
  )
}

/** The aliases whose moves a deployment follows: its own, or those of the nodes of its graph. */
export function followedReferences({
  model,
  composition,
}: {
  readonly model: string
  readonly composition?: Composition | undefined
}): string[] {
  if (composition === undefined) return [model]
  if (!('graph' in composition)) return []
  return composition.graph.nodes.flatMap((node) => ('model' in node ? [node.model] : []))
}
