import { fail } from '#contract/errors'
import type { Announce } from './announcement.ts'
import type { Lookup } from './lookup.ts'
import type { RegistryStore, RegistryTransaction } from './store.ts'
import type { VersionKey } from './version-store.ts'

export interface VersionName {
  readonly model: string
  readonly version: number
}

export type InVersion = <Result>(
  named: VersionName,
  work: (transaction: RegistryTransaction, key: VersionKey) => Promise<Result>,
) => Promise<Result>

interface InVersionDependencies {
  readonly store: RegistryStore
  readonly lookup: Lookup
  readonly announce: Announce
}

/** Does something in a transaction in which the version is there, and tells what was decided. */
export function createInVersion({ store, lookup, announce }: InVersionDependencies): InVersion {
  return async ({ model, version }, work) => {
    const { number: modelNumber } = await lookup.existingModel(model)
    const result = await store.transaction(async (transaction) => {
      const stage = await store.stageOf(transaction, { modelNumber, version })
      if (stage === undefined) {
        fail('not_found', `The model "${model}" has no version ${version}.`, {
          hint: `See \`devmlops models show ${model}\`.`,
        })
      }
      return work(transaction, { modelNumber, version })
    })
    await announce()
    return result
  }
}
