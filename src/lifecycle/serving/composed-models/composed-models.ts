import { fail } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { Database } from '#platform/database/index'
import type { DeploymentSettings } from '../contract.ts'
import type { DeployableModels, DeployableVersion } from '../deployed-versions.ts'
import { isComposed, type Composition } from '../deployment/composition.ts'
import { createComposedModelStore, type ComposedDocument } from './composed-model-store.ts'
import { graphVersion } from './graph-version.ts'
import { describeUpstream } from './describe-upstream.ts'

export interface ComposedModelsDependencies {
  readonly database: Database
  readonly clock: Clock
  readonly models: DeployableModels
  readonly settings: () => Promise<
    Readonly<Record<string, Pick<DeploymentSettings, 'model' | 'composition'>>>
  >
  /** Of this process, for headers that other servers want. */
  readonly variable: (name: string) => string | undefined
}

/**
 * Versions of models that are made of others, or that another server has, beside those of the registry: each state of
 * theirs, with the versions of all nodes, is a version of its own, so that going back to it restores all.
 */
export function createComposedModels(dependencies: ComposedModelsDependencies): DeployableModels & {
  /** The registered versions that a version stands on; itself, unless it is composed. */
  registered(model: string, version: number): Promise<readonly { model: string; version: number }[]>
} {
  const { database, clock, models, settings, variable } = dependencies
  const store = createComposedModelStore(database)

  const compositionOf = async (model: string): Promise<Composition> => {
    const found = Object.values(await settings()).find((deployment) =>
      deployment.model.startsWith(`${model}@`),
    )
    return (
      found?.composition ??
      fail('not_found', `devmlops.yaml has no deployment any more that answers with ${model}.`)
    )
  }

  const documentOf = async (composition: Composition): Promise<ComposedDocument> => {
    if (!('graph' in composition))
      return { kind: 'upstream', ...(await describeUpstream(composition, variable)) }
    const { graph } = composition
    const pinned: Record<string, { model: string; version: number }> = {}
    for (const node of graph.nodes) {
      if (!('model' in node)) continue
      const [model = '', alias = ''] = node.model.split('@')
      const found =
        (await models.versionOfAlias(model, alias)) ??
        fail(
          'not_found',
          `No version of the model "${model}" has the alias "${alias}", which the node ${node.name} needs.`,
        )
      pinned[node.name] = { model: found.model, version: found.version }
    }
    return { kind: 'graph', graph, pinned }
  }

  const versionOf = async (
    model: string,
    version: number,
    document: ComposedDocument,
  ): Promise<DeployableVersion> => {
    if (document.kind === 'upstream') {
      const { upstream, signature } = document
      return { model, version, files: [], signature, upstream }
    }
    const nodes = new Map<string, DeployableVersion>()
    for (const [name, pin] of Object.entries(document.pinned))
      nodes.set(name, await models.version(pin.model, pin.version))
    return { model, version, files: [], ...graphVersion(document.graph, nodes) }
  }

  const kept = async (model: string, version: number): Promise<ComposedDocument> =>
    (await store.get(model, version)) ?? fail('not_found', `${model} has no version ${version}.`)

  return {
    version: async (model, version) =>
      isComposed(model)
        ? versionOf(model, version, await kept(model, version))
        : models.version(model, version),
    versionOfAlias: async (model, alias) => {
      if (!isComposed(model)) return models.versionOfAlias(model, alias)
      const document = await documentOf(await compositionOf(model))
      // Worked out before it is kept: what cannot be deployed becomes no version.
      const tried = await versionOf(model, 1, document)
      return { ...tried, version: await store.keep(model, document, clock.now()) }
    },
    // There is no alias to move: the aliases of its nodes say what it is.
    promote: async (request, caller) =>
      isComposed(request.model) ? undefined : models.promote(request, caller),
    registered: async (model, version) => {
      if (!isComposed(model)) return [{ model, version }]
      const document = await kept(model, version)
      return document.kind === 'graph' ? Object.values(document.pinned) : []
    },
  }
}
