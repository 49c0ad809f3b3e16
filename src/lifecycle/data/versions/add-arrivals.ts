import type { Caller } from '#contract/endpoint'
import type { Digest } from '#platform/blobs/index'
import type { Platform } from '#platform/platform'
import { localParts, openArrivalTables, tablesDirectory } from '../rows/arrival-tables.ts'
import { createScratch } from '../quarantine/scratch.ts'
import { offeredDigest, type ArrivingFile } from '../sources/arriving-file.ts'
import type { Collected } from '../sources/collected.ts'
import { createVersion, existingFor, type JudgedArrival } from './create-version.ts'
import type { DataProject } from '../data-project.ts'
import type { Masking } from '../personal/masking.ts'
import {
  summaryOf,
  type AddResult,
  type Arrival,
  type DatasetVersion,
  type Rejection,
} from './dataset-version.ts'
import { knownDigests } from './known-digests.ts'
import { judgeArrival, type Verdict } from './judge-arrival.ts'
import { judgedDigest, planArrivals, type ArrivalPlan, type PlannedArrival } from './plan-arrivals.ts'
import type { DatasetConfig } from '../section.ts'
import type { DataStore } from '../store.ts'
import { createFailuresStore, type KeptFailures } from '../checks/failures/failures-store.ts'
import { keepFailures } from '../checks/failures/keep-failures.ts'
import type { Compare, ComparedVersions } from './compared-versions.ts'

export interface AddRequest {
  readonly dataset: string
  readonly config: DatasetConfig
  readonly project: DataProject
  readonly collected: Collected
  readonly caller: Caller
  readonly masking: Masking
  /** Finds what checks compare with. */
  readonly compare: Compare
}

interface Dependencies {
  readonly platform: Platform
  readonly store: DataStore
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
  const compared = await request.compare(parent?.version)
  const known = await knownArrivals(request, { plan, parent, store, compared })
  const { toJudge, again } = await withoutRejected(plan, config, { dataset, store, compared })
  const judged: JudgedArrival[] = []
  const rejected: Arrival[] = []
  let created: DatasetVersion | undefined
  if (toJudge.length > 0) {
    const local = await localParts(plan.kept, dependencies.platform)
    await using scratch = createScratch(tablesDirectory(dependencies.platform))
    const tables = await openArrivalTables(dependencies.platform, [
      ...local.map(({ path }) => path),
      ...collected.files.map(({ path }) => path),
      ...compared.paths,
    ])
    try {
      for (const arrival of toJudge) {
        const existing = existingFor(parent, local, judged)
        let failures: KeptFailures | undefined
        const verdict = await judgeArrival(tables, {
          ...request,
          files: arrival.files,
          existing,
          before: parent,
          scratch,
          references: compared.references,
          onRefused: async (rows, refused) => {
            failures = await keepFailures(rows, refused, dependencies.platform)
          },
          now: dependencies.platform.clock.now(),
        })
        if (verdict.accepted) judged.push({ arrival, verdict })
        else
          rejected.push(
            await reject(arrival, verdict, {
              request,
              store,
              compared,
              failures,
              platform: dependencies.platform,
            }),
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
    arrivals: [
      ...known,
      // Rows that changed nothing were known.
      ...judged.map(created === undefined ? knownArrival : acceptedArrival),
      ...again,
      ...rejected,
    ],
  }
}

async function knownArrivals(
  { dataset, config, collected }: AddRequest,
  {
    plan,
    parent,
    store,
    compared,
  }: {
    plan: ArrivalPlan
    parent: DatasetVersion | undefined
    store: DataStore
    compared: ComparedVersions
  },
): Promise<Arrival[]> {
  const known = plan.known.map(({ name }): Arrival => ({ paths: [name], state: 'known' }))
  for (const { path, digest } of collected.unchanged) {
    const isHere = digest === undefined || (parent !== undefined && knownDigests(parent).has(digest))
    const rejection = isHere
      ? undefined
      : await store.rejectionOf(dataset, judgedDigest([digest], config, compared.digests))
    if (rejection === undefined) known.push({ paths: [path], state: 'known' })
    else known.push(await repeated(rejection, store))
  }
  return known
}

/** Bytes that were refused under the same rules have the same answer without being read. */
async function withoutRejected(
  plan: ArrivalPlan,
  config: DatasetConfig,
  { dataset, store, compared }: { dataset: string; store: DataStore; compared: ComparedVersions },
): Promise<{ toJudge: PlannedArrival[]; again: Arrival[] }> {
  const toJudge: PlannedArrival[] = []
  const again: Arrival[] = []
  for (const arrival of plan.arrivals) {
    const rejection = await store.rejectionOf(
      dataset,
      judgedDigest(digestsOf(arrival.files), config, compared.digests),
    )
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
  {
    request,
    store,
    compared,
    failures,
    platform,
  }: {
    request: AddRequest
    store: DataStore
    compared: ComparedVersions
    failures: KeptFailures | undefined
    platform: Platform
  },
): Promise<Arrival> {
  const { accepted: _no, ...reason } = verdict
  const rejection = await store.addRejection({
    dataset: request.dataset,
    judged: judgedDigest(digestsOf(files), request.config, compared.digests),
    files: files.map(({ name, facts }) => ({ path: name, digest: facts.digest, sizeBytes: facts.sizeBytes })),
    ...reason,
    createdAt: platform.clock.now(),
    createdBy: request.caller.name,
  })
  if (failures !== undefined) await createFailuresStore(platform.database).save(rejection, failures)
  return { paths: files.map(({ name }) => name), state: 'rejected', rejection }
}

function digestsOf(files: readonly ArrivingFile[]): Digest[] {
  return files.map(offeredDigest)
}

function knownArrival({ arrival }: JudgedArrival): Arrival {
  return { paths: arrival.files.map(({ name }) => name), state: 'known' }
}

function acceptedArrival({ arrival, verdict }: JudgedArrival): Arrival {
  const paths = arrival.files.map(({ name }) => name)
  return { paths, state: 'accepted', rows: verdict.loaded.rows, validation: verdict.validation }
}
