import { open, readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fail, messageOf } from '#contract/errors'
import type { DatasetInput } from '#lifecycle/tracking/index'
import { loggedModelStatusOf } from './logged-model-status.ts'
import type { TellProblem } from './problem.ts'
import { runStatusOf } from './run-status.ts'
import type {
  LeftBehind,
  MlflowSource,
  SourceExperiment,
  SourceLoggedModel,
  SourceModelMetric,
  SourcePoint,
  SourceRun,
  SourceVersion,
} from './source.ts'
import { numberOf, parseYamlRecord, textOf, textsOf, type YamlRecord } from './yaml-record.ts'

const trash = '.trash'
const modelsFolder = 'models'
const runsAtOnce = 100
const pointsAtOnce = 5000
const notExperiments = new Set(['tags', 'datasets', 'traces', 'models'])

/** MLflow's file store: a folder `mlruns`, an experiment a folder, a run a folder in it, a metric a file of lines. */
export async function openFileStore(root: string, tell: TellProblem): Promise<MlflowSource> {
  const folders = await experimentFolders(root)
  if (folders.size === 0 && !(await hasRegistry(root))) {
    return fail('invalid_input', `${root} is not an mlruns folder: it has no experiment with a meta.yaml.`, {
      hint: 'Name the folder that MLflow wrote, such as ./mlruns, a database such as sqlite:///mlflow.db, or the URL of a server.',
      at: 'source',
    })
  }
  const folderOf = (experimentId: string): string => folders.get(experimentId) ?? join(root, experimentId)

  return {
    description: `MLflow folder ${root}`,
    localBase: dirname(root),
    experiments: () => readExperiments(folders, tell),
    runs: (experimentId) => readRuns(folderOf(experimentId), experimentId, tell),
    points: (runs) =>
      readPoints(
        runs.map(({ id, experimentId }) => ({ id, folder: join(folderOf(experimentId), id) })),
        tell,
      ),
    loggedModels: (experimentId) => readLoggedModels(folderOf(experimentId), experimentId, tell),
    registeredModels: async function* () {
      for (const folder of await subfolders(join(root, modelsFolder))) {
        const path = join(root, modelsFolder, folder)
        const meta = await readMeta(path, tell)
        if (meta === undefined) continue
        const aliases = { ...textsOf(meta['aliases']), ...(await readTexts(join(path, 'aliases'))) }
        const createdAt = numberOf(meta, 'creation_timestamp') ?? 0
        yield {
          name: textOf(meta, 'name') ?? folder,
          description: textOf(meta, 'description') ?? '',
          createdAt,
          updatedAt: numberOf(meta, 'last_updated_timestamp') ?? createdAt,
          tags: await readTexts(join(path, 'tags')),
          aliases: Object.fromEntries(
            Object.entries(aliases).map(([alias, version]) => [alias, Number(version)]),
          ),
        }
      }
    },
    versions: (model) => readVersions(join(root, modelsFolder, model), model, tell),
    // A folder that was moved names artifacts where they were; they moved with it.
    movedArtifacts: async ({ runId, modelId }) => {
      for (const folder of folders.values()) {
        const place =
          modelId !== undefined
            ? join(folder, modelsFolder, modelId, 'artifacts')
            : join(folder, runId ?? '', 'artifacts')
        if (await exists(place)) return place
      }
      return undefined
    },
    leftBehind: () => countTraces(folders),
    close: async () => undefined,
  }
}

async function experimentFolders(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const places = [root, join(root, trash)]
  for (const place of places) {
    for (const name of await subfolders(place)) {
      if (name === trash || name === modelsFolder) continue
      const folder = join(place, name)
      if (await exists(join(folder, 'meta.yaml'))) found.set(name, folder)
    }
  }
  return found
}

async function hasRegistry(root: string): Promise<boolean> {
  const [first] = await subfolders(join(root, modelsFolder))
  return first !== undefined && exists(join(root, modelsFolder, first, 'meta.yaml'))
}

async function* readExperiments(
  folders: ReadonlyMap<string, string>,
  tell: TellProblem,
): AsyncIterable<SourceExperiment> {
  for (const [id, folder] of folders) {
    const meta = await readMeta(folder, tell)
    if (meta === undefined) continue
    yield {
      id,
      name: textOf(meta, 'name') ?? id,
      lifecycleStage: stageOf(meta),
      createdAt: numberOf(meta, 'creation_time'),
      updatedAt: numberOf(meta, 'last_update_time'),
      tags: await readTexts(join(folder, 'tags')),
    }
  }
}

async function* readRuns(
  experiment: string,
  experimentId: string,
  tell: TellProblem,
): AsyncIterable<SourceRun[]> {
  let batch: SourceRun[] = []
  for (const name of await subfolders(experiment)) {
    if (notExperiments.has(name)) continue
    const folder = join(experiment, name)
    if (!(await exists(join(folder, 'meta.yaml')))) continue
    const meta = await readMeta(folder, tell)
    if (meta === undefined) continue
    const tags = await readTexts(join(folder, 'tags'))
    batch.push({
      id: name,
      experimentId,
      name: tags['mlflow.runName'] ?? textOf(meta, 'run_name') ?? textOf(meta, 'name') ?? '',
      user: textOf(meta, 'user_id') ?? '',
      status: runStatusOf(textOf(meta, 'status')),
      startedAt: numberOf(meta, 'start_time'),
      endedAt: numberOf(meta, 'end_time'),
      lifecycleStage: stageOf(meta),
      deletedAt: numberOf(meta, 'deleted_time'),
      artifactUri: textOf(meta, 'artifact_uri') ?? '',
      params: await readTexts(join(folder, 'params')),
      tags,
      datasets: await readDatasets(experiment, folder, tell),
      ...(await readModelsOfRun(folder, tell)),
      pointsMark: await markOf(join(folder, 'metrics')),
    })
    if (batch.length < runsAtOnce) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

async function readDatasets(experiment: string, run: string, tell: TellProblem): Promise<DatasetInput[]> {
  const found: DatasetInput[] = []
  for (const name of await subfolders(join(run, 'inputs'))) {
    const input = await readMeta(join(run, 'inputs', name), tell)
    if (input === undefined || textOf(input, 'source_type') !== 'DATASET') continue
    const meta = await readMeta(join(experiment, 'datasets', textOf(input, 'source_id') ?? ''), tell)
    if (meta === undefined) continue
    const { 'mlflow.data.context': context, ...tags } = textsOf(input['tags'])
    const [schema, profile] = [textOf(meta, 'schema'), textOf(meta, 'profile')]
    found.push({
      name: textOf(meta, 'name') ?? '',
      digest: textOf(meta, 'digest') ?? '',
      sourceType: textOf(meta, 'source_type') ?? '',
      source: textOf(meta, 'source') ?? '',
      ...(schema === undefined ? {} : { schema }),
      ...(profile === undefined ? {} : { profile }),
      ...(context === undefined ? {} : { context }),
      tags,
    })
  }
  return found
}

async function readModelsOfRun(
  run: string,
  tell: TellProblem,
): Promise<Pick<SourceRun, 'inputModels' | 'outputModels'>> {
  const inputModels: string[] = []
  for (const name of await subfolders(join(run, 'inputs'))) {
    const input = await readMeta(join(run, 'inputs', name), tell)
    if (input === undefined || textOf(input, 'destination_type') !== 'MODEL_INPUT') continue
    inputModels.push(textOf(input, 'destination_id') ?? name)
  }
  const outputModels: { modelId: string; step: number }[] = []
  for (const name of await subfolders(join(run, 'outputs'))) {
    const output = await readMeta(join(run, 'outputs', name), tell)
    if (output === undefined) continue
    outputModels.push({
      modelId: textOf(output, 'destination_id') ?? name,
      step: numberOf(output, 'step') ?? 0,
    })
  }
  return { inputModels, outputModels }
}

async function* readPoints(
  runs: readonly { readonly id: string; readonly folder: string }[],
  tell: TellProblem,
): AsyncIterable<SourcePoint[]> {
  let batch: SourcePoint[] = []
  for (const { id, folder } of runs) {
    const metrics = join(folder, 'metrics')
    for (const key of await filesIn(metrics)) {
      for await (const line of linesOf(join(metrics, key))) {
        const [timestamp = '', value = '', step = '0'] = line.split(' ')
        const point = {
          runId: id,
          key,
          timestamp: Number(timestamp),
          value: pythonNumber(value),
          step: Number(step),
        }
        if (value === '' || !Number.isSafeInteger(point.timestamp) || !Number.isSafeInteger(point.step)) {
          tell({ subject: `run ${id}, metric ${key}`, reason: `the line "${line.slice(0, 80)}" is no point` })
          continue
        }
        batch.push(point)
        if (batch.length < pointsAtOnce) continue
        yield batch
        batch = []
      }
    }
  }
  if (batch.length > 0) yield batch
}

async function* readLoggedModels(
  experiment: string,
  experimentId: string,
  tell: TellProblem,
): AsyncIterable<SourceLoggedModel[]> {
  for (const id of await subfolders(join(experiment, modelsFolder))) {
    const folder = join(experiment, modelsFolder, id)
    const meta = await readMeta(folder, tell)
    if (meta === undefined) continue
    const createdAt = numberOf(meta, 'creation_timestamp') ?? 0
    yield [
      {
        id,
        experimentId,
        name: textOf(meta, 'name') ?? id,
        modelType: textOf(meta, 'model_type'),
        status: loggedModelStatusOf(numberOf(meta, 'status')),
        statusMessage: textOf(meta, 'status_message'),
        sourceRunId: textOf(meta, 'source_run_id'),
        createdAt,
        updatedAt: numberOf(meta, 'last_updated_timestamp') ?? createdAt,
        deleted: textOf(meta, 'lifecycle_stage') === 'deleted',
        artifactUri: textOf(meta, 'artifact_location') ?? '',
        params: await readTexts(join(folder, 'params')),
        tags: await readTexts(join(folder, 'tags')),
        metrics: await readModelMetrics(join(folder, 'metrics')),
      },
    ]
  }
}

async function readModelMetrics(folder: string): Promise<SourceModelMetric[]> {
  const found: SourceModelMetric[] = []
  for (const key of await filesIn(folder)) {
    for await (const line of linesOf(join(folder, key))) {
      const [timestamp = '', value = '', step = '0', runId = '', datasetName, datasetDigest] = line.split(' ')
      found.push({
        key,
        value: pythonNumber(value),
        timestamp: Number(timestamp),
        step: Number(step),
        runId,
        ...(datasetName === undefined ? {} : { datasetName }),
        ...(datasetDigest === undefined ? {} : { datasetDigest }),
      })
    }
  }
  return found
}

async function* readVersions(
  folder: string,
  model: string,
  tell: TellProblem,
): AsyncIterable<SourceVersion[]> {
  const numbers = (await subfolders(folder))
    .map((name) => Number(/^version-(\d+)$/.exec(name)?.[1] ?? Number.NaN))
    .filter((version) => !Number.isNaN(version))
    .sort((left, right) => left - right)
  for (const version of numbers) {
    const path = join(folder, `version-${version}`)
    const meta = await readMeta(path, tell)
    if (meta === undefined) continue
    const createdAt = numberOf(meta, 'creation_timestamp') ?? 0
    yield [
      {
        model,
        version,
        description: textOf(meta, 'description') ?? '',
        createdAt,
        updatedAt: numberOf(meta, 'last_updated_timestamp') ?? createdAt,
        user: textOf(meta, 'user_id'),
        stage: textOf(meta, 'current_stage') ?? 'None',
        source: textOf(meta, 'source') ?? '',
        storageLocation: textOf(meta, 'storage_location'),
        runId: textOf(meta, 'run_id'),
        modelId: textOf(meta, 'model_id'),
        runLink: textOf(meta, 'run_link'),
        status: textOf(meta, 'status') ?? 'READY',
        statusMessage: textOf(meta, 'status_message'),
        tags: await readTexts(join(path, 'tags')),
      },
    ]
  }
}

async function countTraces(folders: ReadonlyMap<string, string>): Promise<LeftBehind[]> {
  let count = 0
  for (const folder of folders.values()) count += (await subfolders(join(folder, 'traces'))).length
  return count === 0 ? [] : [{ what: 'traces', count }]
}

async function readMeta(folder: string, tell: TellProblem): Promise<YamlRecord | undefined> {
  const path = join(folder, 'meta.yaml')
  try {
    return parseYamlRecord(await readFile(path, 'utf8'), path)
  } catch (error) {
    tell({ subject: path, reason: messageOf(error) })
    return undefined
  }
}

function stageOf(meta: YamlRecord): 'active' | 'deleted' {
  return textOf(meta, 'lifecycle_stage') === 'deleted' ? 'deleted' : 'active'
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(unlessAbsent)
  return (entries ?? [])
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

/** Paths of the files below a folder: a key with slashes is a file in folders. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(unlessAbsent)
  return (entries ?? [])
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort()
}

async function readTexts(folder: string): Promise<Record<string, string>> {
  const pairs: [string, string][] = []
  for (const key of await filesIn(folder)) pairs.push([key, await readFile(join(folder, key), 'utf8')])
  return Object.fromEntries(pairs)
}

/** Changes whenever a point is added: points are only ever appended. */
async function markOf(folder: string): Promise<string> {
  let [count, sizeBytes] = [0, 0]
  for (const key of await filesIn(folder)) {
    count += 1
    sizeBytes += (await stat(join(folder, key))).size
  }
  return `${count}:${sizeBytes}`
}

async function* linesOf(path: string): AsyncIterable<string> {
  const file = await open(path)
  try {
    for await (const line of file.readLines()) if (line.trim() !== '') yield line.trim()
  } finally {
    await file.close()
  }
}

/** As Python writes floats. */
function pythonNumber(text: string): number {
  const special: Readonly<Record<string, number>> = {
    nan: Number.NaN,
    inf: Number.POSITIVE_INFINITY,
    '-inf': Number.NEGATIVE_INFINITY,
  }
  return special[text.toLowerCase()] ?? Number(text)
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

function unlessAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}
