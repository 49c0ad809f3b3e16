import { openValueReader, valuePath, type ValueReader } from '#lifecycle/features/reads'
import { fail, messageOf } from '#contract/errors'

/** The newest values of feature views, each file opened once however many variants look things up in it. */
export interface FeatureValues {
  /** Fails with `not_ready` when the view was not materialized. */
  reader(view: string, version: number): ValueReader
  close(): void
}

/** @param home the folder that holds what was materialized; undefined: nothing can be looked up */
export function createFeatureValues(home: string | undefined): FeatureValues {
  const readers = new Map<string, ValueReader>()
  return {
    reader: (view, version) => {
      const name = `${view}@${version}`
      const present = readers.get(name)
      if (present !== undefined) return present
      try {
        const opened = openValueReader(
          valuePath(
            home ?? fail('not_ready', 'This process has no folder of feature values.'),
            view,
            version,
          ),
        )
        readers.set(name, opened)
        return opened
      } catch (error) {
        return fail(
          'not_ready',
          `The values of the feature view ${name} cannot be read: ${messageOf(error)}.`,
          {
            hint: `Make them: devmlops features materialize ${view}`,
            cause: error,
          },
        )
      }
    },
    close: () => {
      for (const reader of readers.values()) reader.close()
      readers.clear()
    },
  }
}
