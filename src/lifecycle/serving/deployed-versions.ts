import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { digestOf } from '#platform/blobs/index'
import type { DeploymentSettings } from './contract.ts'
import type { VariantPlan } from './plan.ts'
import type { RolloutVersion } from './rollouts/rollout.ts'

/** What serving needs of a model version. */
export type DeployableVersion = Pick<
  VariantPlan,
  'model' | 'version' | 'files' | 'signature' | 'runId' | 'format'
> &
  Partial<Pick<VariantPlan, 'upstream' | 'graph'>>

/** The registry, as far as serving needs it. */
export interface DeployableModels {
  versionOfAlias(model: string, alias: string): Promise<DeployableVersion | undefined>
  version(model: string, version: number): Promise<DeployableVersion>
  /** Points the alias to the version. `isBack`: it had that before, and gates are not asked again. */
  promote(
    request: { model: string; alias: string; version: number; reason: string; isBack?: boolean },
    caller: Caller,
  ): Promise<unknown>
}

export function splitReference(reference: string): { readonly model: string; readonly alias: string } {
  const [model = '', alias = ''] = reference.split('@')
  return { model, alias }
}

/** One digest for all files of a version: the file's own when there is one. */
export function versionDigest({ files }: Pick<DeployableVersion, 'files'>): string | undefined {
  const [only] = files
  if (only === undefined) return undefined
  if (files.length === 1) return only.digest
  const lines = files.map(({ path, digest }) => `${path}\0${digest}\n`).sort()
  return digestOf(Buffer.from(lines.join('')))
}

/** Finds the versions that devmlops.yaml names by aliases. */
export function createDeployedVersions(models: DeployableModels) {
  const named = (name: string, found: DeployableVersion): RolloutVersion => {
    const { model, version } = found
    const digest = versionDigest(found)
    return { name, model, version, ...(digest === undefined ? {} : { digest }) }
  }
  return {
    /** What has the alias of `model`. */
    championOf: async (
      deployment: string,
      { model: reference }: DeploymentSettings,
    ): Promise<RolloutVersion> => {
      const { model, alias } = splitReference(reference)
      const version =
        (await models.versionOfAlias(model, alias)) ??
        fail(
          'not_found',
          `No version of the model "${model}" has the alias "${alias}", which "${deployment}" answers with.`,
          {
            hint: 'Train and register one with `devmlops run`, or set the alias with `devmlops models promote`.',
          },
        )
      return named('champion', version)
    },

    /** The version to try: the one given, or whoever has the alias; undefined when nobody has. */
    candidateOf: async (
      { name, model: reference }: { readonly name: string; readonly model: string },
      version: number | undefined,
    ): Promise<RolloutVersion | undefined> => {
      const { model, alias } = splitReference(reference)
      const found =
        version === undefined
          ? await models.versionOfAlias(model, alias)
          : await models.version(model, version)
      return found === undefined ? undefined : named(name, found)
    },
  }
}

export type DeployedVersions = ReturnType<typeof createDeployedVersions>
