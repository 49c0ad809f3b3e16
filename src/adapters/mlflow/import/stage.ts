import { fail } from '#contract/errors'
import { createRegistryImportService } from '#lifecycle/registry/index'
import { createImportService, type TrackingService } from '#lifecycle/tracking/index'
import { routesOf } from '#platform/dispatch'
import type { Job, JobContext } from '#platform/jobs/index'
import type { Platform, Stage } from '#platform/platform'
import { createFilesOf, type PrefixMap } from './artifact-source.ts'
import { mlflowImportContract, type MlflowImport } from './contract.ts'
import { createReport, type ImportReport } from './report.ts'
import type { TrackingCredentials } from './tracking-client.ts'

interface ImportRequest {
  readonly source: string
  readonly experimentPrefix: string
  readonly artifacts: boolean
  readonly maps: readonly PrefixMap[]
}

const kind = 'import.mlflow'
const reportEveryMs = 1000

/** Imports as a stage of their own: calls, and the job that does the work and outlives the process. */
export function createMlflowImportStage({
  platform,
  tracking,
}: {
  readonly platform: Platform
  readonly tracking: Pick<TrackingService, 'artifactsOfUri'>
}): Stage {
  const { jobs, clock, events, blobs } = platform
  // Never written down: an import that is taken up again after a crash uses the environment, or is started again.
  const secrets = new Map<string, TrackingCredentials>()

  const run = async ({ job, signal, report: keep }: JobContext): Promise<void> => {
    const request = job.payload as unknown as ImportRequest
    const report = createReport(request.source)
    const credentials = secrets.get(job.key) ?? {}
    const [{ openMlflowSource }, { importRuns }, { importModels }] = await Promise.all([
      import('./open-source.ts'),
      import('./import-runs.ts'),
      import('./import-models.ts'),
    ])
    let told = 0
    const progress = async (doing: string): Promise<void> => {
      if (clock.now() - told < reportEveryMs) return
      told = clock.now()
      await keep({ ...report.read(), doing })
    }
    const source = await openMlflowSource({ source: request.source, credentials, tell: report.tell, signal })
    try {
      const filesOf = createFilesOf(source, { maps: request.maps, tell: report.tell })
      const shared = { source, filesOf, report, signal, progress, withArtifacts: request.artifacts }
      await importRuns({
        ...shared,
        imports: createImportService({ platform }),
        experimentPrefix: request.experimentPrefix,
      })
      await importModels({
        ...shared,
        imports: createRegistryImportService({ platform, tracking }),
        blobs,
        actor: job.actor,
      })
      report.leaveBehind(await source.leftBehind())
    } finally {
      await source.close()
      await keep({ ...report.read(), doing: '' })
    }
    secrets.delete(job.key)
    await events.emit({
      type: 'import.finished',
      subject: `import/${job.id}`,
      actor: job.actor,
      payload: { source: request.source, ...report.counts, problems: report.problemCount() },
    })
  }

  return {
    name: 'import',
    jobKinds: [{ kind, concurrency: 1, run }],
    routes: routesOf('import', mlflowImportContract, {
      start: async ({ credentials, ...request }, { caller, signal }) => {
        // What cannot be opened is told to who asks, and leaves no job.
        const { openMlflowSource } = await import('./open-source.ts')
        const source = await openMlflowSource({
          source: request.source,
          credentials,
          tell: () => undefined,
          signal: signal ?? new AbortController().signal,
        })
        await source.close()
        const key = JSON.stringify(request)
        secrets.set(key, credentials)
        return toImport(await jobs.enqueue({ kind, key, payload: { ...request }, actor: caller.name }))
      },
      get: async ({ importId }) => {
        const job = await jobs.get(importId)
        if (job === undefined || job.kind !== kind)
          return fail('not_found', `There is no import "${importId}".`)
        return toImport(job)
      },
    }),
  }
}

function toImport(job: Job): MlflowImport {
  const { source } = job.payload as unknown as ImportRequest
  const progress = (job.progress ?? createReport(source).read()) as unknown as ImportReport & {
    doing?: string
  }
  return {
    id: job.id,
    state: job.state,
    source,
    doing: progress.doing ?? '',
    counts: { ...progress.counts },
    problems: [...progress.problems],
    problemCount: progress.problemCount,
    leftBehind: [...progress.leftBehind],
    error: job.error ?? null,
  }
}
