import type { Platform } from '#platform/platform'
import { localParts, openArrivalTables, tablesDirectory } from '../rows/arrival-tables.ts'
import { createScratch } from '../quarantine/scratch.ts'
import type { ArrivingFile } from '../sources/arriving-file.ts'
import type { Arrival, DatasetVersion } from './dataset-version.ts'
import { judgeArrival, refusal, validateLoaded, type ArrivalRequest, type Verdict } from './judge-arrival.ts'
import type { LoadedArrival } from '../rows/load-arrival.ts'
import { planArrivals } from './plan-arrivals.ts'
import { relationOf } from '../rows/relation.ts'
import type { DatasetConfig } from '../section.ts'
import type { Masking } from '../personal/masking.ts'
import type { Tables } from '#platform/tables/index'
import type { Validation } from '../checks/validation.ts'
import { nothingCompared, type Compare } from './compared-versions.ts'

export interface CheckRequest {
  readonly dataset: string
  readonly config: DatasetConfig
  readonly files: readonly ArrivingFile[]
  readonly parent: DatasetVersion | undefined
  readonly masking: Masking
  /** Finds what checks compare with. */
  readonly compare?: Compare
  /** What ages are measured against; the clock's time when it is left out. */
  readonly now?: number
}

/** Looks at the rows of an arrival while the view `arrival` has them. */
export type ArrivalVisitor = (
  tables: Tables,
  arrival: { readonly paths: readonly string[]; readonly validation: Validation },
) => Promise<void>

/**
 * Judges what would be taken in and stores nothing. Where nothing is new, the rows of the newest version are judged as a
 * whole, so that new expectations can be tried on the data that is there.
 */
export async function checkArrivals(
  request: CheckRequest,
  platform: Platform,
  visit?: ArrivalVisitor,
): Promise<Arrival[]> {
  const { files, config, parent } = request
  const plan = planArrivals(files, config, parent)
  const wanted = plan.arrivals.length > 0 ? plan.kept : (parent?.parts ?? [])
  const local = await localParts(wanted, platform)
  // Where nothing is new, the newest version is what is judged, and the one before it the previous one.
  const previous = plan.arrivals.length > 0 ? parent?.version : parent?.parent
  const { references, paths: others } = (await request.compare?.(previous)) ?? nothingCompared
  const paths = [...[...local, ...files].map(({ path }) => path), ...others]
  const tables = await openArrivalTables(platform, paths)
  const now = request.now ?? platform.clock.now()
  await using scratch = createScratch(tablesDirectory(platform))
  try {
    if (plan.arrivals.length === 0 && parent !== undefined) {
      const loaded = existingRows(parent)
      await tables.run(`CREATE TEMP VIEW arrival AS SELECT * FROM ${relationOf(parent.columns, local)}`)
      const existing = { version: 0, columns: [], parts: [] }
      const validation = await validateLoaded(
        tables,
        { ...request, files: [], existing, now, references },
        loaded,
      )
      await visit?.(tables, { paths: [`version ${parent.version}`], validation })
      return [
        checked(
          [`version ${parent.version}`],
          { accepted: validation.outcome !== 'fail', validation, loaded },
          request,
        ),
      ]
    }
    const existing: ArrivalRequest['existing'] = {
      version: parent?.version ?? 0,
      columns: parent?.columns ?? [],
      parts: local,
    }
    const arrivals: Arrival[] = []
    for (const arrival of plan.arrivals) {
      const verdict = await judgeArrival(tables, {
        ...request,
        files: arrival.files,
        existing,
        before: parent,
        scratch,
        now,
        references,
      })
      const names = arrival.files.map(({ name }) => name)
      const { validation } = verdict
      if (validation !== null) await visit?.(tables, { paths: names, validation })
      arrivals.push(
        verdict.accepted
          ? checked(names, verdict, request)
          : refused(arrival.files, verdict, { request, now }),
      )
    }
    return arrivals
  } finally {
    tables.close()
  }
}

function existingRows({ columns, rows }: DatasetVersion): LoadedArrival {
  return { columns, rows, files: [], mismatches: [], warnings: [] }
}

function checked(
  paths: string[],
  {
    accepted,
    validation,
    loaded,
  }: Omit<Extract<Verdict, { accepted: true }>, 'accepted' | 'quarantine'> & { accepted: boolean },
  { dataset }: CheckRequest,
): Arrival {
  const base = { paths, rows: loaded.rows, validation }
  if (accepted) return { ...base, state: 'accepted' }
  const rejection = { id: '', dataset, files: [], validation, times: 1, createdAt: 0, createdBy: '' }
  return {
    ...base,
    state: 'rejected',
    rejection: { ...rejection, code: 'validation_failed', ...refusal(paths, validation) },
  }
}

function refused(
  files: readonly ArrivingFile[],
  { accepted: _no, ...reason }: Extract<Verdict, { accepted: false }>,
  { request, now }: { request: CheckRequest; now: number },
): Arrival {
  return {
    paths: files.map(({ name }) => name),
    state: 'rejected',
    ...(reason.validation === null ? {} : { validation: reason.validation, rows: reason.validation.rows }),
    rejection: {
      id: '',
      dataset: request.dataset,
      files: files.map(({ name, facts }) => ({
        path: name,
        digest: facts.digest,
        sizeBytes: facts.sizeBytes,
      })),
      ...reason,
      times: 0,
      createdAt: now,
      createdBy: '',
    },
  }
}
