import { join } from 'node:path'
import type { Caller } from '#contract/endpoint'
import type { Digest } from '#platform/blobs/index'
import type { Platform } from '#platform/platform'
import { openTables, type Tables } from '#platform/tables/index'
import type { ArrivingFile } from './arriving-file.ts'
import { codeVersionOf } from './code-version.ts'
import type { Collected } from './collect-files.ts'
import type { DataProject } from './data-project.ts'
import type { AddResult, Arrival, DatasetVersion, Rejection, VersionSummary } from './dataset-version.ts'
import { changedWhileRead } from './inspect-file.ts'
import { judgeArrival, type ArrivalRequest, type Verdict } from './judge-arrival.ts'
import { mergeColumns, mergeValidations } from './merge-columns.ts'
import { judgedDigest, planArrivals, type ArrivalPlan, type PlannedArrival } from './plan-arrivals.ts'
import { profileTable } from './profile-table.ts'
import { relationOf, type LocalPart } from './relation.ts'
import type { DatasetConfig } from './section.ts'
import { manifestDigest } from './manifest-digest.ts'
import type { Part } from './snapshot.ts'
import type { DataStore } from './store.ts'
import { versionProfileSchema, type VersionProfile } from './version-profile.ts'

export interface AddRequest {
  readonly dataset: string
  readonly config: DatasetConfig
  readonly project: DataProject
  readonly collected: Collected
  readonly caller: Caller
}

interface Dependencies {
  readonly platform: Platform
  readonly store: DataStore
}

type Accepted = Extract<Verdict, { accepted: true }>
interface JudgedArrival {
  readonly arrival: PlannedArrival
  readonly verdict: Accepted
}

/**
 * Takes in what is new. Everything is read, judged, profiled and stored before the version gets its name in one
 * transaction, so a process that is killed leaves at most bytes that nobody names.
 */
export async function addArrivals(
  request: AddRequest,
  dependencies: Dependencies,
): Promise<Omit<AddResult, 'durationMs'>> {
  const { dataset, config, collected } = request
  const { store } = dependencies
  const parent = await store.version(dataset, 'latest')
  const plan = planArrivals(collected.files, config, parent)
  const known = await knownArrivals(request, { plan, parent, store })
  const { toJudge, again } = await withoutRejected(plan, config, { dataset, store })
  const judged: JudgedArrival[] = []
  const rejected: Arrival[] = []
  let created: DatasetVersion | undefined
  if (toJudge.length > 0) {
    const local = await localParts(plan.kept, dependencies)
    const tables = await openArrivalTables(dependencies.platform, [
      ...local.map(({ path }) => path),
      ...collected.files.map(({ path }) => path),
    ])
    try {
      for (const arrival of toJudge) {
        const existing = existingFor(parent, local, judged)
        const verdict = await judgeArrival(tables, {
          ...request,
          files: arrival.files,
          existing,
          now: dependencies.platform.clock.now(),
        })
        if (verdict.accepted) judged.push({ arrival, verdict })
        else
          rejected.push(
            await reject(arrival, verdict, { request, store, now: dependencies.platform.clock.now() }),
          )
      }
      if (judged.length > 0)
        created = await createVersion(tables, { request, parent, local, judged }, dependencies)
    } finally {
      tables.close()
    }
  }
  const latest = created ?? parent
  return {
    dataset,
    version: latest === undefined ? null : summaryOf(latest),
    created: created !== undefined,
    arrivals: [...known, ...judged.map(acceptedArrival), ...again, ...rejected],
  }
}

async function knownArrivals(
  { dataset, config, collected }: AddRequest,
  { plan, parent, store }: { plan: ArrivalPlan; parent: DatasetVersion | undefined; store: DataStore },
): Promise<Arrival[]> {
  const known = plan.known.map(({ name }): Arrival => ({ paths: [name], state: 'known' }))
  for (const { path, digest } of collected.unchanged) {
    const rejection = parent?.parts.some((part) => part.digest === digest)
      ? undefined
      : await store.rejectionOf(dataset, judgedDigest([digest], config))
    if (rejection === undefined) known.push({ paths: [path], state: 'known' })
    else known.push(await repeated(rejection, store))
  }
  return known
}

/** Bytes that were refused under the same rules have the same answer without being read. */
async function withoutRejected(
  plan: ArrivalPlan,
  config: DatasetConfig,
  { dataset, store }: { dataset: string; store: DataStore },
): Promise<{ toJudge: PlannedArrival[]; again: Arrival[] }> {
  const toJudge: PlannedArrival[] = []
  const again: Arrival[] = []
  for (const arrival of plan.arrivals) {
    const rejection = await store.rejectionOf(dataset, judgedDigest(digestsOf(arrival.files), config))
    if (rejection === undefined) toJudge.push(arrival)
    else again.push(await repeated(rejection, store))
  }
  return { toJudge, again }
}

async function repeated(rejection: Rejection, store: DataStore): Promise<Arrival> {
  await store.countRejection(rejection.id)
  const paths = rejection.files.map(({ path }) => path)
  return { paths, state: 'rejected', rejection: { ...rejection, times: rejection.times + 1 } }
}

async function reject(
  { files }: PlannedArrival,
  verdict: Extract<Verdict, { accepted: false }>,
  { request, store, now }: { request: AddRequest; store: DataStore; now: number },
): Promise<Arrival> {
  const { accepted: _no, ...reason } = verdict
  const rejection = await store.addRejection({
    dataset: request.dataset,
    judged: judgedDigest(digestsOf(files), request.config),
    files: files.map(({ name, facts }) => ({ path: name, digest: facts.digest, sizeBytes: facts.sizeBytes })),
    ...reason,
    createdAt: now,
    createdBy: request.caller.name,
  })
  return { paths: files.map(({ name }) => name), state: 'rejected', rejection }
}

function digestsOf(files: readonly ArrivingFile[]): Digest[] {
  return files.map(({ facts }) => facts.digest)
}

async function localParts(
  parts: readonly Part[],
  { platform }: Dependencies,
): Promise<(LocalPart & { part: Part })[]> {
  const local: (LocalPart & { part: Part })[] = []
  for (const part of parts) local.push({ part, path: await platform.blobs.localPath(part.digest) })
  return local
}

/** What an arrival is appended to: parts that stay, and those accepted a moment ago. */
function existingFor(
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
  readonly request: AddRequest
  readonly parent: DatasetVersion | undefined
  readonly local: readonly (LocalPart & { readonly part: Part })[]
  readonly judged: readonly JudgedArrival[]
}

async function createVersion(
  tables: Tables,
  { request, parent, local, judged }: Making,
  { platform, store }: Dependencies,
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
    code: await codeVersionOf(request.project.directory),
    createdAt: platform.clock.now(),
    createdBy: request.caller.name,
  })
}

async function profileVersion(
  tables: Tables,
  { relation, isText, ...request }: Parameters<typeof profileTable>[1] & { isText: boolean },
): Promise<VersionProfile> {
  if (!isText) return profileTable(tables, { relation, ...request })
  // A profile reads the rows several times, and text would be parsed anew each time. The table spills to disk.
  await tables.run(`CREATE OR REPLACE TEMP TABLE profiled_rows AS SELECT * FROM ${relation}`)
  return profileTable(tables, { relation: 'profiled_rows', ...request })
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

function sourceOf({ source }: Collected, added: readonly { part: Part }[]): DatasetVersion['source'] {
  return source.kind === 'url' ? source : { kind: 'files', paths: added.map(({ part }) => part.path) }
}

function acceptedArrival({ arrival, verdict }: JudgedArrival): Arrival {
  const paths = arrival.files.map(({ name }) => name)
  return { paths, state: 'accepted', rows: verdict.loaded.rows, validation: verdict.validation }
}

export function summaryOf(version: DatasetVersion): VersionSummary {
  const {
    dataset,
    version: number,
    digest,
    rows,
    sizeBytes,
    partCount,
    parent,
    outcome,
    createdAt,
    createdBy,
  } = version
  return {
    dataset,
    version: number,
    digest,
    rows,
    sizeBytes,
    partCount,
    parent,
    outcome,
    createdAt,
    createdBy,
  }
}

/** DuckDB that can read these files and nothing else. */
export function openArrivalTables({ config }: Platform, allowedPaths: readonly string[]): Promise<Tables> {
  return openTables({
    allowedDirectories: [],
    allowedPaths: [...new Set(allowedPaths)],
    temporaryDirectory: join(config.home, 'tmp', 'tables'),
  })
}
