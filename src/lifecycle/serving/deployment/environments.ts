import { z } from 'zod'

/** Names become a part of the endpoint's name, behind a ".". */
const environmentNameSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,29}$/,
    'lower-case letters, digits, "_" and "-", at most 30, starting with a letter',
  )

type Fields = z.core.$ZodLooseShape

/** `environments` of a deployment in devmlops.yaml: each with what is different there. */
export function environmentsSettingsSchema<Shape extends Fields>(fields: Shape) {
  const changed = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, withoutDefault(field as z.ZodType).optional()]),
  ) as { [Name in keyof Shape]: z.ZodOptional<Shape[Name]> }
  return z
    .record(
      environmentNameSchema,
      z.strictObject({
        ...changed,
        promote_from: environmentNameSchema
          .optional()
          .describe(
            'The environment whose version this one takes, by `devmlops promote`; left out, it follows the alias',
          ),
      }),
    )
    .refine((environments) => Object.keys(environments).length > 0, {
      error: 'expected at least one environment',
    })
    .optional()
    .describe('In order. The last one has the name of the deployment, the others NAME.ENVIRONMENT')
}

/** A default here would hide what the deployment says for all environments. */
function withoutDefault(field: z.ZodType): z.ZodType {
  if (field instanceof z.ZodDefault || field instanceof z.ZodPrefault)
    return withoutDefault(field.unwrap() as z.ZodType)
  return field
}

interface WithEnvironments {
  readonly environments?:
    | Readonly<Record<string, object & { readonly promote_from?: string | undefined }>>
    | undefined
}

/** One endpoint: a deployment, or one of its environments. */
export interface Endpoint<Settings> {
  readonly settings: Settings
  readonly deployment: string
  /** Undefined without environments. */
  readonly environment: string | undefined
  /** The endpoint whose version this one takes; undefined when it follows the alias. */
  readonly promoteFrom: string | undefined
}

/** What is deployed, by name of the endpoint: environments have one each. */
export function endpointsOf<Settings extends WithEnvironments>(
  deployments: Readonly<Record<string, Settings>>,
): Readonly<Record<string, Endpoint<Omit<Settings, 'environments'>>>> {
  const endpoints: Record<string, Endpoint<Omit<Settings, 'environments'>>> = {}
  for (const [deployment, { environments, ...base }] of Object.entries(deployments)) {
    if (environments === undefined) {
      endpoints[deployment] = { settings: base, deployment, environment: undefined, promoteFrom: undefined }
      continue
    }
    const names = Object.keys(environments)
    const nameOf = (environment: string): string => endpointName(deployment, environment, names)
    for (const [environment, { promote_from: from, ...changed }] of Object.entries(environments)) {
      endpoints[nameOf(environment)] = {
        settings: merged(base, changed),
        deployment,
        environment,
        promoteFrom: from === undefined ? undefined : nameOf(from),
      }
    }
  }
  return endpoints
}

function endpointName(deployment: string, environment: string, all: readonly string[]): string {
  return environment === all.at(-1) ? deployment : `${deployment}.${environment}`
}

/** `canary` and `release` are two forms of one thing: whichever the environment has takes the place of both. */
function merged<Base extends object>(base: Base, changed: object): Base {
  const given = Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined))
  const all: Record<string, unknown> = { ...base, ...given }
  if ('release' in given) delete all['canary']
  if ('canary' in given) delete all['release']
  return all as Base
}

interface Mistake {
  readonly path: readonly string[]
  readonly message: string
  readonly hint?: string
}

/** Environments that take their version from one that is not before them, and endpoints that would have one name. */
export function environmentMistakes(deployments: Readonly<Record<string, WithEnvironments>>): Mistake[] {
  const mistakes: Mistake[] = []
  for (const [deployment, { environments }] of Object.entries(deployments)) {
    const names = Object.keys(environments ?? {})
    for (const [index, environment] of names.entries()) {
      const from = environments?.[environment]?.promote_from
      if (from !== undefined && !names.slice(0, index).includes(from)) {
        mistakes.push({
          path: ['deployments', deployment, 'environments', environment, 'promote_from'],
          message: `no environment before "${environment}" is called "${from}"`,
          hint: 'Environments stand in the order in which a version goes through them.',
        })
      }
      const endpoint = endpointName(deployment, environment, names)
      if (endpoint !== deployment && endpoint in deployments) {
        mistakes.push({
          path: ['deployments', deployment, 'environments', environment],
          message: `its endpoint would be called "${endpoint}", as another deployment is`,
        })
      }
    }
  }
  return mistakes
}
