import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { DataProject } from '../data-project.ts'
import { createMaskings } from '../personal/maskings.ts'
import { createShown } from '../personal/shown.ts'
import type { DataStore } from '../store.ts'
import { mergeVersionProfiles } from './merge-version-profiles.ts'
import { storedProfileSchema, type StoredProfile } from './stored-profile.ts'
import { versionProfileSchema, type VersionProfile } from './version-profile.ts'

const maximumVersions = 1000

export interface ProfileSums {
  /** The rows of the versions from one to another, both included: of a dataset whose versions are days, a month. */
  between(name: string, from: number, to: number): Promise<{ versions: number[]; profile: VersionProfile }>
}

export interface ProfileSumsOptions {
  readonly platform: Platform
  readonly project: () => Promise<DataProject>
  readonly store: DataStore
}

export function createProfileSums({ platform, project, store }: ProfileSumsOptions): ProfileSums {
  const { database, clock, config, blobs } = platform
  const shown = createShown(createMaskings({ database, clock, project, secret: config.maskingKey }))
  return {
    between: async (name, from, to) => {
      if (to < from || to - from >= maximumVersions) {
        fail('invalid_input', `Versions ${from} to ${to} are no range of 1 to ${maximumVersions} versions.`, {
          hint: 'Name the first and the last version, such as 1..30.',
        })
      }
      const versions: number[] = []
      let sum: StoredProfile | undefined
      for (let number = from; number <= to; number++) {
        const version = await store.version(name, number)
        if (version === undefined || version.columns.length === 0) continue
        const bytes = await blobs.get(version.profileDigest)
        const own = storedProfileSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
        sum = sum === undefined ? own : mergeVersionProfiles(sum, own)
        versions.push(number)
      }
      if (sum === undefined) {
        return fail('not_found', `Dataset "${name}" has no table among its versions ${from} to ${to}.`, {
          hint: `devmlops data show ${name} lists its versions.`,
        })
      }
      return { versions, profile: await shown.profile(name, versionProfileSchema.parse(sum)) }
    },
  }
}
