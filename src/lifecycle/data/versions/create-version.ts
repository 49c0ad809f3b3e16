import type { Caller } from '#contract/endpoint'
import type { Digest } from '#platform/blobs/index'
import type { Platform } from '#platform/platform'
import type { Tables } from '#platform/tables/index'
import type { ArrivingFile } from '../sources/arriving-file.ts'
import { codeVersionOf } from '#platform/code-version'
import type { Collected } from '../sources/collected.ts'
import type { DataProject } from '../data-project.ts'
import type { Masking } from '../personal/masking.ts'
import { profileMasked } from '../personal/profile-masked.ts'
import type { DatasetVersion } from './dataset-version.ts'
import { changedWhileRead } from '../sources/inspect-file.ts'
import type { ArrivalRequest, Verdict } from './judge-arrival.ts'
import { manifestDigest } from './manifest-digest.ts'
import { mergeColumns, mergeValidations } from '../rows/merge-columns.ts'
import type { PlannedArrival } from './plan-arrivals.ts'
import { relationOf, type LocalPart } from '../rows/relation.ts'
import type { DatasetConfig } from '../section.ts'
import type { Part } from './snapshot.ts'
import type { DataStore } from '../store.ts'
import { versionProfileSchema, type VersionProfile } from '../profiles/version-profile.ts'

type Accepted = Extract<Verdict, { accepted: true }>
interface VersionRequest {
  readonly dataset: string
  readonly config: DatasetConfig
  readonly project: Pick<DataProject, 'directory'>
  readonly collected: Pick<Collected, 'source'>
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

function newParts({ loaded }: Accepted): { part: Part; file: ArrivingFile }[] {
  return loaded.files.map(({ file, rows, reading }) => {
    const { digest, sizeBytes } = file.facts
    return { file, part: { path: file.name, digest, sizeBytes, rows, reading } }
  })
}

interface Making {
  readonly request: VersionRequest
  readonly parent: DatasetVersion | undefined
  readonly local: readonly (LocalPart & { readonly part: Part })[]
  readonly judged: readonly JudgedArrival[]
}

/** Profiles all rows, stores the bytes, and gives the version its number last. */
export async function createVersion(
  tables: Tables,
  { request, parent, local, judged }: Making,
  { platform, store }: { readonly platform: Platform; readonly store: DataStore },
): Promise<DatasetVersion> {
  const { columns } = existingFor(parent, local, judged)
  const added = judged.flatMap(({ verdict }) => newParts(verdict))
  const replaced = new Map(added.map(({ part }) => [part.digest, part]))
  const before = request.config.mode === 'append' ? (parent?.parts ?? []) : []
  const parts = [
    ...before.map((part) => replaced.get(part.digest) ?? part),
    ...added.map(({ part }) => part).filter(({ digest }) => !before.some((part) => part.digest === digest)),
  ]
  const paths = new Map([
    ...local.map(({ part, path }): [Digest, string] => [part.digest, path]),
    ...added.map(({ part, file }): [Digest, string] => [part.digest, file.path]),
  ])
  const readable = parts.flatMap((part) => {
    const path = paths.get(part.digest)
    return path === undefined ? [] : [{ part, path }]
  })
  const profile = await profileVersion(tables, {
    relation: relationOf(columns, readable),
    isText: parts.some(({ reading }) => reading.format !== 'parquet'),
    columns,
    earlier: await earlierProfile(parent, platform),
    masking: request.masking,
  })
  for (const { file, part } of added) {
    const stored = await platform.blobs.putFile(file.path)
    // The rows were judged where the file lies; bytes that changed since then were not.
    if (stored.digest !== part.digest) changedWhileRead(file.name)
  }
  const { digest: profileDigest } = await platform.blobs.put(
    new TextEncoder().encode(JSON.stringify(profile)),
  )
  return store.addVersion({
    dataset: request.dataset,
    digest: manifestDigest({ columns, parts }),
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
    sizeBytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    parent: parent?.version ?? null,
    columns: [...columns],
    parts,
    source: sourceOf(request.collected, added),
    validation: mergeValidations(judged.map(({ verdict }) => verdict.validation)),
    profileDigest,
    code: (await codeVersionOf(request.project.directory, { newFiles: 'ignore' })) ?? null,
    createdAt: platform.clock.now(),
    createdBy: request.caller.name,
  })
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

function sourceOf(
  { source }: Pick<Collected, 'source'>,
  added: readonly { part: Part }[],
): DatasetVersion['source'] {
  return source.kind === 'url' ? source : { kind: 'files', paths: added.map(({ part }) => part.path) }
}
