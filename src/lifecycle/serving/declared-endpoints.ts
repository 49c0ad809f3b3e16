import { fail } from '#contract/errors'
import type { DeclaredDeployment, DeploymentSettings } from './contract.ts'
import { endpointsOf, type Endpoint } from './deployment/environments.ts'

export type DeclaredEndpoint = Endpoint<DeploymentSettings>

/** What devmlops.yaml says is deployed, one endpoint for each environment. */
export function createDeclaredEndpoints(
  settings: () => Promise<Readonly<Record<string, DeclaredDeployment>>>,
) {
  const all = async (): Promise<Readonly<Record<string, DeclaredEndpoint>>> => endpointsOf(await settings())
  return {
    all,

    of: async (name: string): Promise<DeclaredEndpoint> => {
      const declared = await all()
      return (
        declared[name] ??
        fail('not_found', `devmlops.yaml has no deployment "${name}".`, {
          hint: `Known: ${Object.keys(declared).join(', ') || 'none'}. Add it under \`deployments\`.`,
        })
      )
    },

    /** The endpoint of an environment of a deployment. */
    inEnvironment: async (deployment: string, environment: string): Promise<string> => {
      const own = Object.entries(await all()).filter(([, endpoint]) => endpoint.deployment === deployment)
      const known = own.flatMap(([, endpoint]) => endpoint.environment ?? [])
      const found = own.find(([, endpoint]) => endpoint.environment === environment)
      if (found !== undefined) return found[0]
      return fail(
        'not_found',
        known.length === 0
          ? `The deployment "${deployment}" has no environments in devmlops.yaml.`
          : `The deployment "${deployment}" has no environment "${environment}"; it has ${known.join(', ')}.`,
      )
    },
  }
}

export type DeclaredEndpoints = ReturnType<typeof createDeclaredEndpoints>
