import { rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fail } from '#contract/errors'
import type { ScorableModel } from '#lifecycle/evaluation/scorer-point'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { LoadedModel } from '../model-runtime-point.ts'
import type { BatchSettings } from './batch-section.ts'
import type { BatchDependencies } from './batch-service.ts'
import { pinSources, sourceFiles, type PinnedSources } from './batch-source.ts'
import type { BatchRow } from './batch-store.ts'
import { logSample } from './log-sample.ts'
import { prepareFolder } from './result-folder.ts'
import { scoreFiles, type ScoredFiles } from './score-files.ts'

/** The registry and the runtimes, as far as a batch needs them. */
export interface BatchModels {
  /** The version that a reference such as `churn@champion` or `churn@3` names now. */
  versionOf(reference: string): Promise<{ readonly model: string; readonly version: number }>
  readModel(version: { readonly model: string; readonly version: number }): Promise<ScorableModel>
  load(model: ScorableModel): Promise<LoadedModel>
}

export interface BatchRunContext extends BatchDependencies {
  readonly settings: BatchSettings
  readonly projectDirectory: string
  readonly workDirectory: string
  readonly signal: AbortSignal
  /** Keeps what is known of the run. */
  keep(change: Partial<BatchRow>): Promise<void>
}

type Finished = Pick<BatchRow, 'rows' | 'refused' | 'result'>

const progressEveryMs = 1000

/** One run from its beginning, or from where it was killed. What it reads and scores with is fixed the first time. */
export async function runBatch(row: BatchRow, context: BatchRunContext): Promise<Finished> {
  const { models, settings, workDirectory, signal, keep } = context
  const version =
    row.model === null || row.version === null
      ? await models.versionOf(settings.model)
      : { model: row.model, version: row.version }
  const pinned = await pinnedSources(row, context)
  await keep({
    state: 'running',
    model: version.model,
    version: version.version,
    sources: JSON.stringify({
      ...pinned.datasets,
      ...(pinned.files !== undefined && { files: settings.files }),
    }),
  })
  const scorable = await models.readModel(version)
  const files = await sourceFiles(settings, pinned, {
    datasets: context.datasets,
    directory: context.projectDirectory,
    workDirectory,
  })
  const signature = { inputs: [...scorable.inputs], outputs: [...scorable.outputs] } as ModelSignature
  const model = await models.load(scorable)
  try {
    const scored = await scoreFiles({
      files,
      model,
      label: scorable.label,
      signature,
      directory: join(workDirectory, 'parts'),
      signal,
      progress: kept(context),
    })
    await logSample(scored, {
      ...context,
      run: row.id,
      name: row.name,
      version,
      signature,
      outputs: model.outputs,
    })
    const result = await handOver(row, scored, context)
    return { rows: scored.rows, refused: scored.refused, result }
  } finally {
    await model.release()
  }
}

async function pinnedSources(row: BatchRow, context: BatchRunContext): Promise<PinnedSources> {
  const { settings, datasets, projectDirectory } = context
  const now = await pinSources(settings, { datasets, directory: projectDirectory })
  if (row.sources === null) return now
  const { files: _, ...kept } = JSON.parse(row.sources) as Record<string, string>
  return { ...now, datasets: kept }
}

/** Progress is kept about once a second: it is for people to see, and the journal knows what is done. */
function kept({ platform, keep }: BatchRunContext): (done: { rows: number; of: number }) => void {
  let nextAt = 0
  return ({ rows, of }) => {
    const now = platform.clock.now()
    if (now < nextAt && rows < of) return
    nextAt = now + progressEveryMs
    void keep({ scored_rows: rows, total_rows: of }).catch(() => undefined)
  }
}

async function handOver(row: BatchRow, { parts }: ScoredFiles, context: BatchRunContext): Promise<string> {
  const { settings, datasets, projectDirectory, signal } = context
  signal.throwIfAborted()
  if (parts.length === 0) fail('invalid_input', 'There are no rows to score.')
  if (settings.to !== undefined) {
    const files = parts.map(({ path }) => ({ path, name: basename(path) }))
    const made = await datasets.publish({
      dataset: settings.to,
      files,
      run: row.id,
      batch: row.name,
      actor: row.actor,
    })
    return `${made.dataset}@${made.version}`
  }
  const name = settings.folder ?? fail('internal', 'A batch without a target was started.')
  const folder = await prepareFolder(projectDirectory, name)
  // A folder of its own for each run, named last: whoever reads sees a whole run or none of it.
  const place = join(folder, new Date(row.due_at).toISOString().replaceAll(':', '-'))
  const made = join(context.workDirectory, 'parts')
  await rm(join(made, 'tables'), { recursive: true, force: true })
  await rename(join(made, 'parts.ndjson'), join(context.workDirectory, 'parts.ndjson'))
  await rename(made, place).catch((error: NodeJS.ErrnoException) => {
    // It was there when the process died, before anybody was told.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  })
  return `${name}/${basename(place)}`
}
