import type { Caller } from '#contract/endpoint'
import type { Platform } from '#platform/platform'
import type { Tables } from '#platform/tables/index'
import { codeVersionOf } from '#platform/code-version'
import type { Collected } from '../sources/collected.ts'
import type { DataProject } from '../data-project.ts'
import type { Masking } from '../personal/masking.ts'
import { profileMasked } from '../personal/profile-masked.ts'
import type { DatasetVersion } from './dataset-version.ts'
import { changedWhileRead } from '#platform/files/index'
import type { ArrivalRequest, Verdict } from './judge-arrival.ts'
import { manifestDigest } from './manifest-digest.ts'
import { mergeColumns, mergeValidations } from '../rows/merge-columns.ts'
import type { PlannedArrival } from './plan-arrivals.ts'
import { tablesDirectory } from '../rows/arrival-tables.ts'
import { relationOf, type LocalPart } from '../rows/relation.ts'
import type { DatasetConfig } from '../section.ts'
import type { Part } from './snapshot.ts'
import type { DataStore, NewVersion } from '../store.ts'
import { assembleParts, type NewPart } from './assemble-parts.ts'
import { versionProfileSchema, type VersionProfile } from '../profiles/version-profile.ts'
import { pointerFolder } from '../pointers/pointer-file.ts'

type Accepted = Extract<Verdict, { accepted: true }>
interface VersionRequest {
  readonly dataset: string
  readonly config: DatasetConfig
  readonly project: Pick<DataProject, 'directory'>
  readonly collected: Pick<Collected, 'source' | 'cursor' | 'released' | 'producedBy'>
  readonly caller: Pick<Caller, 'name'>
  readonly masking: Masking
}

/** An arrival that passed and has no version yet. */
export interface JudgedArrival {
  readonly arrival: PlannedArrival
  readonly verdict: Accepted
}

/** What an arrival is appended to: parts that stay, and those accepted a moment ago. */
export function existingFor(
  parent: DatasetVersion | undefined,
  kept: readonly LocalPart[],
  judged: readonly JudgedArrival[],
): ArrivalRequest['existing'] {
  const accepted = judged.flatMap(({ verdict }) => newParts(verdict))
  const parts = [...kept, ...accepted.map(({ part, file }) => ({ part, path: file.path }))]
  const before = kept.length > 0 ? (parent?.columns ?? []) : []
  const columns = judged.reduce<ReturnType<typeof mergeColumns>>(
    (merged, { verdict }) => mergeColumns(merged, verdict.loaded.columns),
    [...before],
  )
  return { version: parent?.version ?? 0, columns, parts }
}

function newParts({ loaded }: Accepted): NewPart[] {
  return loaded.files.map(({ file, rows, reading }) => {
    const { digest, sizeBytes } = file.facts
    const from = file.originals?.map((original) => original.digest)
    const part: Part = { path: file.name, digest, sizeBytes, rows, reading, ...(from && { from }) }
    return { file, part }
  })
}

interface Making {
  readonly request: VersionRequest
  readonly parent: DatasetVersion | undefined
  readonly local: readonly (LocalPart & { readonly part: Part })[]
  readonly judged: readonly JudgedArrival[]
}

/**
 * Profiles all rows, stores the bytes, and gives the version its number last. Undefined when an upsert changes nothing.
 */
export async function createVersion(
  tables: Tables,
  { request, parent, local, judged }: Making,
  { platform, store }: { readonly platform: Platform; readonly store: DataStore },
): Promise<DatasetVersion | undefined> {
  const { columns } = existingFor(parent, local, judged)
  const added = judged.flatMap(({ verdict }) => newParts(verdict))
  const { config, collected } = request
  const temporaryDirectory = tablesDirectory(platform)
  const assembled = await assembleParts(tables, {
    ...request,
    parent,
    local,
    added,
    columns,
    isRelease: collected.source.kind === 'quarantine',
    temporaryDirectory,
  })
  const { parts, originals } = assembled
  const quarantines = judged.flatMap(({ verdict }) => verdict.quarantine ?? [])
  try {
    // The same rows again, as a window that is fetched with every load gives them.
    const [only] = parts
    const isSame =
      parts.length === 1 && parent?.parts.length === 1 && parent.parts[0]?.digest === only?.digest
    if (config.mode === 'upsert' && collected.source.kind === 'query' && isSame && quarantines.length === 0)
      return undefined
    const profile = await profileVersion(tables, {
      relation: relationOf(columns, assembled.readable),
      isText: parts.some(({ reading }) => reading.format !== 'parquet'),
      columns,
      earlier: await earlierProfile(parent, platform),
      masking: request.masking,
    })
    let at = 0
    const toStore = [...assembled.toStore, ...quarantines]
    for await (const stored of platform.files.store(toStore)) {
      const judged = toStore[at++]
      // The rows were judged where the file lies; bytes that changed since then were not.
      if (judged !== undefined && stored.digest !== judged.digest) changedWhileRead(judged.name)
    }
    const { digest: profileDigest } = await platform.blobs.put(
      new TextEncoder().encode(JSON.stringify(profile)),
    )
    const version: NewVersion = {
      dataset: request.dataset,
      digest: manifestDigest({ columns, parts }),
      rows: parts.reduce((sum, { rows }) => sum + rows, 0),
      sizeBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      parent: parent?.version ?? null,
      columns: [...columns],
      parts: [...parts],
      originals: [...originals],
      source: sourceOf(request.collected, added),
      validation: mergeValidations(judged.map(({ verdict }) => verdict.validation)),
      profileDigest,
      code:
        (await codeVersionOf(request.project.directory, { newFiles: 'ignore', except: [pointerFolder] })) ??
        null,
      createdAt: platform.clock.now(),
      createdBy: request.caller.name,
      ...(collected.producedBy && { producedBy: collected.producedBy }),
    }
    return await store.addVersion(version, {
      cursor: collected.cursor,
      quarantines,
      released: collected.released,
    })
  } finally {
    await assembled.release()
  }
}

async function profileVersion(
  tables: Tables,
  {
    relation,
    isText,
    masking,
    ...request
  }: Parameters<typeof profileMasked>[1] & { isText: boolean; masking: Masking },
): Promise<VersionProfile> {
  if (!isText) return profileMasked(tables, { relation, ...request }, masking)
  // A profile reads the rows several times, and text would be parsed anew each time. The table spills to disk.
  await tables.run(`CREATE OR REPLACE TEMP TABLE profiled_rows AS SELECT * FROM ${relation}`)
  return profileMasked(tables, { relation: 'profiled_rows', ...request }, masking)
}

async function earlierProfile(
  parent: DatasetVersion | undefined,
  { blobs }: Platform,
): Promise<VersionProfile | undefined> {
  if (parent === undefined) return undefined
  return versionProfileSchema.parse(
    JSON.parse(new TextDecoder().decode(await blobs.get(parent.profileDigest))),
  )
}

/** Of files, only those that were taken. */
function sourceOf(
  { source }: Pick<Collected, 'source'>,
  added: readonly NewPart[],
): DatasetVersion['source'] {
  return source.kind === 'files' ? { kind: 'files', paths: added.map(({ part }) => part.path) } : source
}
