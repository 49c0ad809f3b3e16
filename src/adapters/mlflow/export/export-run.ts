import { createHash } from 'node:crypto'
import { mkdir, open, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Client } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { loggedModelContract, LoggedModelDocument } from '#lifecycle/tracking/logged-model-contract'
import type { RunDocument, trackingContract } from '#lifecycle/tracking/contract'
import { checkInside, saveFile } from './exported-file.ts'
import { yamlText } from './yaml-text.ts'

export interface ExportedRun {
  readonly runId: string
  readonly experimentId: string
  readonly folder: string
  readonly points: number
  readonly files: number
  readonly loggedModels: number
}

type Tracking = Client<typeof trackingContract>
type LoggedModels = Client<typeof loggedModelContract>

/** As MLflow numbers them in files. */
const statusNumbers = { RUNNING: 1, SCHEDULED: 2, FINISHED: 3, FAILED: 4, KILLED: 5 } as const
const modelStatusNumbers = { PENDING: 1, READY: 2, FAILED: 3 } as const
const historyPage = 25_000

/** Writes a run as MLflow's file store keeps it, into a folder that may have other runs: `mlruns`, or one like it. */
export async function exportRun(
  { tracking, models }: { readonly tracking: Tracking; readonly models: LoggedModels },
  { runId, folder }: { readonly runId: string; readonly folder: string },
): Promise<ExportedRun> {
  const run = await tracking.getRun({ runId })
  const experiment = join(folder, run.experimentId)
  const root = join(experiment, run.id)
  if ((await stat(root).catch(() => undefined)) !== undefined) {
    fail('already_exists', `${root} is there already.`, {
      hint: 'Remove it, or name another folder.',
      at: '--to',
    })
  }
  await writeExperiment(tracking, run, experiment)
  await writeRun(run, { experiment, root })
  let points = 0
  for (const { key } of run.metrics) points += await writeMetric(tracking, { runId: run.id, key, root })
  const files = await writeArtifacts({
    folder: join(root, 'artifacts'),
    list: (path) => tracking.listArtifacts({ runId: run.id, ...(path === '' ? {} : { path }) }),
    read: (path) => tracking.readArtifact({ runId: run.id, path }),
  })
  let modelFiles = 0
  for (const { modelId } of run.outputs) modelFiles += await writeLoggedModel(models, { modelId, experiment })
  return {
    runId: run.id,
    experimentId: run.experimentId,
    folder,
    points,
    files: files + modelFiles,
    loggedModels: run.outputs.length,
  }
}

async function writeExperiment(tracking: Tracking, run: RunDocument, experiment: string): Promise<void> {
  const path = join(experiment, 'meta.yaml')
  if ((await stat(path).catch(() => undefined)) !== undefined) return
  const { id, name, createdAt, updatedAt, tags } = await tracking.getExperiment({
    experimentId: run.experimentId,
  })
  await writeText(
    path,
    yamlText({
      artifact_location: pathToFileURL(experiment).toString(),
      creation_time: createdAt,
      experiment_id: id,
      last_update_time: updatedAt,
      lifecycle_stage: 'active',
      name,
    }),
  )
  await writeTexts(join(experiment, 'tags'), tags)
}

async function writeRun(
  run: RunDocument,
  { experiment, root }: { readonly experiment: string; readonly root: string },
): Promise<void> {
  for (const room of ['artifacts', 'metrics', 'params', 'tags'])
    await mkdir(join(root, room), { recursive: true })
  await writeText(
    join(root, 'meta.yaml'),
    yamlText({
      artifact_uri: pathToFileURL(join(root, 'artifacts')).toString(),
      end_time: run.endedAt,
      entry_point_name: '',
      experiment_id: run.experimentId,
      lifecycle_stage: 'active',
      run_id: run.id,
      run_name: run.name,
      source_name: '',
      source_type: 4,
      source_version: '',
      start_time: run.startedAt,
      status: statusNumbers[run.status],
      tags: [],
      user_id: run.user,
    }),
  )
  await writeTexts(join(root, 'params'), run.params)
  await writeTexts(join(root, 'tags'), run.tags)
  for (const input of run.inputs) {
    const { name, digest, sourceType, source, schema, profile, context, tags } = input
    const id = createHash('sha256')
      .update(JSON.stringify([name, digest]))
      .digest('hex')
      .slice(0, 32)
    await writeText(
      join(experiment, 'datasets', id, 'meta.yaml'),
      yamlText({
        digest,
        name,
        profile: profile ?? null,
        schema: schema ?? null,
        source,
        source_type: sourceType,
      }),
    )
    const inputId = createHash('sha256')
      .update(JSON.stringify([run.id, id]))
      .digest('hex')
      .slice(0, 32)
    await writeText(
      join(root, 'inputs', inputId, 'meta.yaml'),
      yamlText({
        destination_id: run.id,
        destination_type: 'RUN',
        source_id: id,
        source_type: 'DATASET',
        tags: { ...tags, ...(context === undefined ? {} : { 'mlflow.data.context': context }) },
      }),
    )
  }
  for (const modelId of run.inputModels) {
    await writeText(
      join(root, 'inputs', checkInside(modelId), 'meta.yaml'),
      yamlText({
        destination_id: modelId,
        destination_type: 'MODEL_INPUT',
        source_id: run.id,
        source_type: 'RUN_INPUT',
        tags: {},
      }),
    )
  }
  for (const { modelId, step } of run.outputs) {
    await writeText(
      join(root, 'outputs', checkInside(modelId), 'meta.yaml'),
      yamlText({
        destination_id: modelId,
        destination_type: 'MODEL_OUTPUT',
        source_id: run.id,
        source_type: 'RUN_OUTPUT',
        step,
        tags: {},
      }),
    )
  }
}

async function writeMetric(
  tracking: Tracking,
  { runId, key, root }: { readonly runId: string; readonly key: string; readonly root: string },
): Promise<number> {
  const path = join(root, 'metrics', checkInside(key))
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'w')
  let count = 0
  try {
    let after: string | undefined
    do {
      const page = await tracking.metricHistory({
        runId,
        key,
        limit: historyPage,
        ...(after === undefined ? {} : { after }),
      })
      const lines = page.items.map(
        ({ timestamp, value, step }) => `${timestamp} ${value === 'NaN' ? 'nan' : value} ${step}\n`,
      )
      await file.writeFile(lines.join(''))
      count += page.items.length
      after = page.next
    } while (after !== undefined)
  } finally {
    await file.close()
  }
  return count
}

interface ArtifactTree {
  readonly folder: string
  list(path: string): Promise<{ items: readonly { path: string; isDirectory: boolean }[] }>
  read(path: string): ReturnType<Tracking['readArtifact']>
}

async function writeArtifacts(tree: ArtifactTree, path = ''): Promise<number> {
  let count = 0
  for (const item of (await tree.list(path)).items) {
    if (item.isDirectory) {
      count += await writeArtifacts(tree, item.path)
      continue
    }
    await saveFile(join(tree.folder, checkInside(item.path)), (await tree.read(item.path)).body)
    count += 1
  }
  return count
}

async function writeLoggedModel(
  models: LoggedModels,
  { modelId, experiment }: { readonly modelId: string; readonly experiment: string },
): Promise<number> {
  const model: LoggedModelDocument = await models.getLoggedModel({ modelId })
  const folder = join(experiment, 'models', checkInside(model.id))
  await writeText(
    join(folder, 'meta.yaml'),
    yamlText({
      artifact_location: pathToFileURL(join(folder, 'artifacts')).toString(),
      creation_timestamp: model.createdAt,
      experiment_id: model.experimentId,
      last_updated_timestamp: model.updatedAt,
      model_id: model.id,
      model_type: model.modelType,
      name: model.name,
      source_run_id: model.runId,
      status: modelStatusNumbers[model.status],
      status_message: model.statusMessage,
    }),
  )
  await writeTexts(join(folder, 'params'), model.params)
  await writeTexts(join(folder, 'tags'), model.tags)
  const lines = Map.groupBy(model.metrics, ({ key }) => key)
  for (const [key, metrics] of lines) {
    const text = metrics.map(({ timestamp, value, step, runId, datasetName, datasetDigest }) =>
      [
        timestamp,
        value === 'NaN' ? 'nan' : value,
        step,
        runId,
        ...(datasetName === null ? [] : [datasetName, datasetDigest]),
      ].join(' '),
    )
    await writeText(join(folder, 'metrics', checkInside(key)), `${text.join('\n')}\n`)
  }
  return writeArtifacts({
    folder: join(folder, 'artifacts'),
    list: (path) => models.listLoggedModelArtifacts({ modelId, ...(path === '' ? {} : { path }) }),
    read: (path) => models.readLoggedModelArtifact({ modelId, path }),
  })
}

async function writeTexts(folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [key, text] of Object.entries(texts)) await writeText(join(folder, checkInside(key)), text)
}

async function writeText(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
