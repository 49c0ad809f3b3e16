import { createHash } from 'node:crypto'
import { setImmediate as breathe } from 'node:timers/promises'
import { DevmlopsError, messageOf } from '#contract/errors'
import type { ImportService } from '#lifecycle/tracking/index'
import { importArtifacts, isFatal, type ArtifactImport } from './import-artifacts.ts'
import type { MlflowSource, SourceExperiment, SourceLoggedModel, SourceRun } from './source.ts'

export interface RunImport extends ArtifactImport {
  readonly source: MlflowSource
  readonly imports: ImportService
  readonly experimentPrefix: string
  readonly withArtifacts: boolean
  /** Called between batches. */
  readonly progress: (doing: string) => Promise<void>
}

const runIdForm = /^[A-Za-z0-9][\w-]{0,255}$/
const modelIdForm = /^m-[0-9a-f]{32}$/

/** Experiments, runs, points and artifacts; then logged models, which name runs of any experiment. */
export async function importRuns(context: RunImport): Promise<void> {
  const { source, imports, report, experimentPrefix, signal } = context
  const ids = new Map<string, string>()
  for await (const experiment of source.experiments()) {
    signal.throwIfAborted()
    const id = await experimentFor(experiment, { imports, report, experimentPrefix })
    if (id === undefined) continue
    ids.set(experiment.id, id)
    for await (const batch of source.runs(experiment.id)) {
      signal.throwIfAborted()
      await importBatch(id, batch, context)
      await context.progress(`experiment "${experiment.name}"`)
      // The database answers at once, so nobody else would ever get a turn.
      await breathe()
    }
  }
  for (const [sourceId, id] of ids) {
    for await (const batch of source.loggedModels(sourceId)) {
      signal.throwIfAborted()
      await importModels(id, batch, context)
      await context.progress('logged models')
      await breathe()
    }
  }
}

async function experimentFor(
  experiment: SourceExperiment,
  { imports, report, experimentPrefix }: Pick<RunImport, 'imports' | 'report' | 'experimentPrefix'>,
): Promise<string | undefined> {
  try {
    const name = `${experimentPrefix}${experiment.name}`
    const { id, isNew } = await imports.importExperiment({ ...experiment, name })
    if (isNew) report.counts.experiments += 1
    return id
  } catch (error) {
    if (!(error instanceof DevmlopsError) || isFatal(error)) throw error
    report.tell({ subject: `experiment "${experiment.name}" with its runs`, reason: messageOf(error) })
    return undefined
  }
}

async function importBatch(
  experimentId: string,
  batch: readonly SourceRun[],
  context: RunImport,
): Promise<void> {
  const { source, imports, report, withArtifacts } = context
  const refused = (subject: string, reason: string): void => report.tell({ subject, reason })
  const runs = batch.filter(({ id }) => {
    const isId = runIdForm.test(id)
    if (!isId) refused(`run ${id.slice(0, 60)}`, 'is not called like a run')
    return isId
  })
  const before = await imports.findRuns(runs.map(({ id }) => id))
  const marks = new Map(runs.map((run) => [run.id, markOf(run, withArtifacts)]))
  // What has ended and reads as it did when all of it was brought is not read again.
  const wanted = runs.filter(
    ({ id, endedAt }) => endedAt === undefined || before.get(id)?.mark !== marks.get(id),
  )
  report.counts.knownRuns += runs.length - wanted.length
  if (wanted.length === 0) return
  const problemsBefore = report.problemCount()
  const places = await imports.importRuns(experimentId, wanted, refused)
  for await (const points of source.points(wanted)) {
    context.signal.throwIfAborted()
    await imports.importPoints(
      points.flatMap(({ runId, ...point }) => {
        const runNumber = places.get(runId)?.number
        return runNumber === undefined ? [] : [{ ...point, runNumber }]
      }),
      refused,
    )
    report.counts.points += points.length
    await context.progress('metric points')
    await breathe()
  }
  const finished = new Map<number, string>()
  for (const run of wanted) {
    const place = places.get(run.id)
    if (place === undefined) continue
    if (withArtifacts && run.artifactUri !== '') {
      await importArtifacts(
        { kind: 'run', number: place.number },
        { place: { uri: run.artifactUri, runId: run.id }, isNew: place.isNew },
        context,
      )
      await context.progress('artifacts')
    }
    if (place.isNew) report.counts.runs += 1
    else report.counts.knownRuns += 1
    finished.set(place.number, marks.get(run.id) ?? '')
  }
  // What could not be brought this time is tried the next time.
  if (report.problemCount() === problemsBefore) await imports.finishRunImports(finished)
}

async function importModels(
  experimentId: string,
  batch: readonly SourceLoggedModel[],
  context: RunImport,
): Promise<void> {
  const { imports, report, withArtifacts } = context
  const refused = (subject: string, reason: string): void => report.tell({ subject, reason })
  const models = batch.filter(({ id }) => {
    const isId = modelIdForm.test(id)
    if (!isId) refused(`logged model ${id.slice(0, 60)}`, 'is not called like a logged model')
    return isId
  })
  if (models.length === 0) return
  const places = await imports.importLoggedModels(experimentId, models, refused)
  for (const model of models) {
    const place = places.get(model.id)
    if (place === undefined) continue
    if (place.isNew) report.counts.loggedModels += 1
    else report.counts.knownLoggedModels += 1
    if (!withArtifacts || model.artifactUri === '') continue
    await importArtifacts(
      { kind: 'logged model', number: place.number },
      { place: { uri: model.artifactUri, modelId: model.id }, isNew: place.isNew },
      context,
    )
  }
}

/** Differs when anything of the run does, as far as its own row, texts and points tell. */
function markOf(run: SourceRun, withArtifacts: boolean): string {
  return createHash('sha256')
    .update(JSON.stringify([run, withArtifacts]))
    .digest('hex')
    .slice(0, 32)
}
