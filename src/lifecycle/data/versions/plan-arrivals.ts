import { digestOf, type Digest } from '#platform/blobs/index'
import { offeredDigest, type ArrivingFile } from '../sources/arriving-file.ts'
import type { DatasetVersion } from './dataset-version.ts'
import { knownDigests } from './known-digests.ts'
import { isAssignable } from '../rows/load-arrival.ts'
import type { DatasetConfig } from '../section.ts'
import type { Part } from './snapshot.ts'

/** Files that are judged together and arrive together. */
export interface PlannedArrival {
  readonly files: readonly ArrivingFile[]
}

export interface ArrivalPlan {
  readonly arrivals: readonly PlannedArrival[]
  /** Their bytes are in the version already, read as they would be now. */
  readonly known: readonly ArrivingFile[]
  /** Parts of the version that stay whatever happens. */
  readonly kept: readonly Part[]
}

/**
 * `append`: every new file is an arrival of its own, so that a bad one does not keep a good one out. Files whose bytes
 * are known but would be read in another way by now (other nulls, another type) are read again, all together.
 * `replace`: all files are one arrival.
 */
export function planArrivals(
  files: readonly ArrivingFile[],
  config: DatasetConfig,
  parent: DatasetVersion | undefined,
): ArrivalPlan {
  const parts = new Map(parent?.parts.map((part) => [part.digest, part]))
  const known = parent === undefined ? new Set<Digest>() : knownDigests(parent)
  const isKnown = (file: ArrivingFile): boolean => {
    const part = parts.get(file.facts.digest)
    if (part === undefined || parent === undefined) return known.has(offeredDigest(file))
    return !wouldReadOtherwise(part, config, parent)
  }
  if (config.mode === 'replace') {
    const offered = new Set(parent?.parts.flatMap(({ digest, from = [digest] }) => from))
    const same =
      files.length === offered.size &&
      files.every((file) => isKnown(file) && offered.has(offeredDigest(file)))
    return { arrivals: same || files.length === 0 ? [] : [{ files }], known: same ? files : [], kept: [] }
  }
  const again = files.filter((file) => parts.has(file.facts.digest) && !isKnown(file))
  const fresh = files.filter((file) => !parts.has(file.facts.digest) && !isKnown(file))
  const digests = new Set(again.map(({ facts }) => facts.digest))
  return {
    arrivals: [
      ...(again.length === 0 ? [] : [{ files: again }]),
      ...fresh.map((file) => ({ files: [file] })),
    ],
    known: files.filter(isKnown),
    kept: (parent?.parts ?? []).filter(({ digest }) => !digests.has(digest)),
  }
}

function wouldReadOtherwise({ reading }: Part, config: DatasetConfig, parent: DatasetVersion): boolean {
  if (reading.format === 'parquet') return false
  if (reading.format === 'csv' && reading.nulls.join('\n') !== config.nulls.join('\n')) return true
  const types = new Map(parent.columns.map(({ name, type }) => [name, type]))
  return config.expectations.some(
    (expectation) =>
      'schema' in expectation &&
      Object.entries(expectation.schema).some(([name, type]) => !isAssignable(types.get(name) ?? type, type)),
  )
}

/** What a judgement depends on: the bytes and the rules. The same again need not be judged again. */
export function judgedDigest(
  digests: readonly Digest[],
  config: DatasetConfig,
  /** Of versions that checks compare with. */
  compared: readonly string[] = [],
): Digest {
  const { expectations, format, key, mode, nulls, time, contract, deleted, sheet } = config
  // Left out where they say nothing: what was refused before they could be written keeps its digest.
  const encoding = config.encoding === 'utf-8' ? undefined : config.encoding
  const header = config.header_row === 1 ? undefined : config.header_row
  const versions = compared.length === 0 ? undefined : compared
  const rules = {
    expectations,
    format,
    key,
    mode,
    nulls,
    time,
    contract,
    deleted,
    sheet,
    encoding,
    header,
    versions,
  }
  return digestOf(new TextEncoder().encode(JSON.stringify([digests, rules])))
}
