import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createLocalProcessExecutor } from '#adapters/executors/local-process'
import { absentServingHost } from '#adapters/serving-hosts/absent'
import { localServingHost } from '#adapters/serving-hosts/local-process'
import { fail, messageOf } from '#contract/errors'
import { createMlflowImportStage } from '#adapters/mlflow/import/stage'
import { createDataStage, datasetPoint } from '#lifecycle/data/index'
import { evaluateStep, findLeaks, type ModelScorer, type ScorableModel } from '#lifecycle/evaluation/index'
import type { LoadedModel } from '#lifecycle/serving/model-runtime-point'
import { createFeaturesStage, joinStep, splitStep } from '#lifecycle/features/index'
import { createGovernanceStage, createReclaim } from '#lifecycle/governance/index'
import { createMonitoringStage, isJudged } from '#lifecycle/monitoring/index'
import { createPipelinesStage, createPublishStep, type StepKind } from '#lifecycle/pipelines/index'
import {
  candidateSource,
  championSource,
  createRegistryStage,
  modelSource,
  registerStep,
} from '#lifecycle/registry/index'
import { resolveVariables } from '#lifecycle/project/index'
import {
  batchPredictStep,
  createBatchStage,
  createServingStage,
  loggedPrediction,
  servingDirectory,
} from '#lifecycle/serving/index'
import { endpointsOf } from '#lifecycle/serving/contract'
import { createTrackingPurge, createTrackingStage } from '#lifecycle/tracking/index'
import { trainStep, type TrainingData } from '#lifecycle/training/index'
import { environmentVariable } from '#platform/config'
import { createDispatch, type Dispatch, type Route } from '#platform/dispatch'
import type { Stage } from '#platform/platform'
import { frameOfRows } from './frame-of-rows.ts'
import { monitoringReferences } from './monitoring-references.ts'
import { namedDatasets } from './named-datasets.ts'
import type { OpenPlatform } from './platform.ts'
import { readProjectAt } from './project-source.ts'
import { publishTo } from './publish-to.ts'
import { watchedEndpoints } from './watched-endpoints.ts'
import { version } from './version.ts'

export interface ProgramOptions {
  readonly platform: OpenPlatform
  /** Where the project is; read again whenever it is needed. */
  readonly directory: string
  /** Where MLflow clients of pipeline steps log to; undefined while nothing listens. */
  readonly trackingUri: () => string | undefined
  /** Whether this process keeps the serving process; the command line by itself does not. */
  readonly serve: boolean
}

/** All stages, wired: the one place that knows every part. */
export interface Program {
  readonly routes: readonly Route[]
  readonly dispatch: Dispatch
  readonly stages: readonly Stage[]
  readonly services: ReturnType<typeof createStages>['services']
  /**
   * Takes up work: jobs that a dead process left, news that was not delivered, what should be answering. Answers why the
   * endpoints do not answer, if they do not; it goes on trying.
   */
  start(): Promise<{ readonly servingProblem?: Error }>
  close(): Promise<void>
}

export function createProgram(options: ProgramOptions): Program {
  const { platform } = options
  const { stages, services, predictionLogs, watcher, host, closeScorer } = createStages(options)
  for (const stage of stages) {
    for (const kind of stage.jobKinds ?? []) platform.jobs.register(kind)
    for (const subscription of stage.subscriptions ?? []) platform.events.subscribe(subscription)
  }
  let heartbeat: NodeJS.Timeout | undefined
  let watch: NodeJS.Timeout | undefined
  const checkDue = async (): Promise<void> => {
    const tell = (what: string) => (error: unknown) => platform.log.error({ error: messageOf(error) }, what)
    await services.batch.startDue().catch(tell('due batches were not started'))
    await predictionLogs.enqueueDue().catch(tell('prediction logs were not looked at'))
    await services.monitoring.enqueueDue().catch(tell('monitors were not checked'))
  }
  return {
    stages,
    services,
    routes: stages.flatMap(({ routes }) => routes),
    dispatch: createDispatch(platform),
    start: async () => {
      await platform.jobs.start()
      await services.pipelines.recover()
      await services.registry.announcePending()
      void platform.events.deliver()
      if (!options.serve) return {}
      const reconcile = async (): Promise<Error | undefined> => {
        try {
          await services.serving.heartbeat()
          return undefined
        } catch (error) {
          platform.log.error({ error: messageOf(error) }, 'serving is not as it should be')
          return error instanceof Error ? error : new Error(String(error))
        }
      }
      const servingProblem = await reconcile()
      // A serving process that was taken over is no child of this one, so its end is only seen by asking.
      heartbeat = setInterval(() => void reconcile(), 3000)
      heartbeat.unref()
      watcher.start()
      watch = setInterval(() => void checkDue(), 30_000)
      watch.unref()
      return servingProblem === undefined ? {} : { servingProblem }
    },
    close: async () => {
      clearInterval(heartbeat)
      clearInterval(watch)
      await watcher.stop()
      await platform.jobs.stop()
      await host.stop()
      await closeScorer()
    },
  }
}

function createStages({ platform, directory, trackingUri, serve }: ProgramOptions) {
  const { config } = platform
  const project = () => readProjectAt(directory)
  const { scorer, load, close: closeScorer } = lazyScorer(platform)

  const reclaim = createReclaim({ platform, stages: () => all.map(({ stage }) => stage) })
  const data = createDataStage({
    platform,
    project,
    garbage: {
      namedVersions: () =>
        namedDatasets(
          platform,
          all.map(({ stage }) => stage),
        ),
      reclaim: ({ held, ...request }) => reclaim({ ...request, instead: { stage: 'data', held } }),
    },
  })
  const tracking = createTrackingStage({
    platform,
    versionArtifacts: (model, version) => registry.service.versionArtifacts(model, version),
  })
  const registry = createRegistryStage({
    platform,
    tracking: tracking.service,
    deployedVersions: (model) => serving.service.answering(model),
  })
  const models = modelSource(registry.service)
  const features = createFeaturesStage({
    platform,
    project,
    datasets: datasetPoint(data.service),
    requireRaw: data.service.requireRaw,
    modelsOfRun: async (runId) => {
      const filter = `run_id = '${runId.replaceAll("'", "''")}'`
      const { items } = await registry.service.searchVersions({ filter, limit: 100 })
      return items.map(({ model, version }) => `${model}@${version}`)
    },
  })
  const versionOf = async (reference: string) => {
    const [model = '', which = ''] = reference.split('@')
    const version = /^\d+$/.test(which)
      ? await models.version(model, Number(which))
      : await models.versionOfAlias(model, which)
    return version ?? fail('not_found', `No version of "${model}" has the alias "${which}".`)
  }
  const candidates = candidateSource({ platform, registry: registry.service, tracking: tracking.service })

  const kinds = [
    createPublishStep({ publish: (publication) => publishTo(data.service, publication) }),
    joinStep({
      views: async () => (await project()).sections.features,
      recordUse: (use) => features.service.recordUse(use),
    }),
    splitStep({
      splits: async () => (await project()).sections.splits,
      recordSplit: (split, made) => features.service.recordSplit(split, made),
    }),
    trainStep({
      tracking: tracking.service,
      views: async () => (await project()).sections.features,
      recordUse: (use) => features.service.recordUse(use),
      trainersModule: import.meta.resolve('#adapters/trainers/index'),
      findLeaks: leaksOf,
    }),
    evaluateStep({
      tracking: tracking.service,
      blobs: platform.blobs,
      clock: platform.clock,
      scorer,
      champions: championSource(registry.service),
      candidateSource: candidates,
      models: async () => (await project()).sections.models,
    }),
    registerStep({
      registry: registry.service,
      keepEvaluation: candidates.keepEvaluation,
      pipelineRun: (id) => pipelines.service.get(id),
      descriptions: async () =>
        Object.fromEntries(
          Object.entries((await project()).sections.models).map(([name, { description }]) => [
            name,
            description,
          ]),
        ),
    }),
    batchPredictStep({
      load,
      modelOf: async (reference) => models.readModel(await versionOf(reference)),
    }),
  ] as unknown as StepKind[]

  const pipelines = createPipelinesStage({
    platform,
    kinds,
    trackingUri,
    executor: createLocalProcessExecutor(),
    datasets: datasetPoint(data.service),
    project: async () => {
      const current = await project()
      return {
        directory: current.directory,
        environment: resolveVariables(current.environment, { lookup: environmentVariable, project: current }),
        pipelines: current.sections.pipelines,
      }
    },
  })

  const host = serve
    ? localServingHost({
        directory: servingDirectory(config.home),
        entry: servingEntry(),
        host: config.host,
        port: config.servingPort,
        home: config.home,
        version,
        certificatePath: config.servingTls?.certificatePath,
        log: platform.log,
      })
    : absentServingHost
  const serving = createServingStage({
    platform,
    models,
    host,
    settings: async () => (await project()).sections.deployments,
    versionOfView: async (view) => (await features.service.list()).find(({ name }) => name === view)?.version,
    servingSettings: async () => (await project()).sections.serving,
    isJudged: async (deployment) => {
      const { monitors, deployments } = (await project()).sections
      return isJudged(monitors[deployment], endpointsOf(deployments)[deployment]?.settings)
    },
  })
  const batch = createBatchStage({
    platform,
    project: async () => {
      const { directory: projectDirectory, sections } = await project()
      return { directory: projectDirectory, batches: sections.batch_scoring }
    },
    models: { versionOf, readModel: models.readModel, load },
    datasets: {
      ...datasetPoint(data.service),
      requireRaw: data.service.requireRaw,
      publish: ({ dataset, files, run, batch: name, actor }) =>
        publishTo(data.service, {
          dataset,
          kind: 'table',
          files,
          producedBy: { pipeline: 'batch-scoring', run, step: name },
          actor,
        }),
    },
  })
  const monitoring = createMonitoringStage({
    platform,
    serving: watchedEndpoints(serving.service, batch.service),
    settings: async () => (await project()).sections.monitors,
    references: monitoringReferences(registry.service, platform.blobs),
    scorer: {
      scoreRows: async (model, version, rows) => {
        const scorable = await models.readModel({ model, version })
        return scorer.score(scorable, frameOfRows(scorable.inputs, rows))
      },
    },
    retraining: {
      startPipeline: async ({ pipeline, trigger }, caller) => {
        const run = await pipelines.service.start(
          { pipeline, parameters: {}, force: false, only: [], trigger },
          caller,
        )
        return { runId: run.id }
      },
      findStarted: async ({ pipeline, trigger }) => {
        const recent = await pipelines.service.runs({ pipeline, limit: 100 })
        const found = recent.find(
          (run) => run.trigger.kind === trigger.kind && run.trigger.reason === trigger.reason,
        )
        return found === undefined ? undefined : { runId: found.id }
      },
    },
  })
  const governance = createGovernanceStage({
    platform,
    tracking: createTrackingPurge(platform),
    reclaim,
    expiredPredictions: serving.predictionLogs.expired,
    registry: registry.service,
    findPrediction: (id) => loggedPrediction(config.home, id),
  })
  const all = [data, tracking, pipelines, features, registry, serving, batch, monitoring, governance]
  return {
    host,
    closeScorer,
    watcher: data.watcher,
    predictionLogs: serving.predictionLogs,
    stages: [
      ...all.map(({ stage }) => stage),
      createMlflowImportStage({ platform, tracking: tracking.service }),
    ],
    services: {
      data: data.service,
      tracking: tracking.service,
      pipelines: pipelines.service,
      features: features.service,
      registry: registry.service,
      serving: serving.service,
      batch: batch.service,
      monitoring: monitoring.service,
    },
  }
}

/** The runtimes cost time to load and their threads cost memory, so both start with the first table that is scored. */
function lazyScorer({ config, log }: Pick<OpenPlatform, 'config' | 'log'>): {
  scorer: ModelScorer
  load(model: ScorableModel): Promise<LoadedModel>
  close(): Promise<void>
} {
  const open = async () => {
    const [{ modelRuntimes }, { frameScorer, loadScorable }] = await Promise.all([
      import('./model-runtimes.ts'),
      import('#adapters/model-runtimes/frame-scorer'),
    ])
    const runtime = modelRuntimes({ config, log, threads: availableParallelism(), background: true })
    return {
      scorer: frameScorer(runtime),
      load: (model: ScorableModel) => loadScorable(runtime, model),
      close: () => runtime.close(),
    }
  }
  let opened: ReturnType<typeof open> | undefined
  return {
    scorer: {
      score: async (model, frame) => {
        opened ??= open()
        return (await opened).scorer.score(model, frame)
      },
    },
    load: async (model) => {
      opened ??= open()
      return (await opened).load(model)
    },
    close: async () => (await opened)?.close(),
  }
}

function leaksOf({ frame, task, label, features }: TrainingData) {
  const column = frame.columns[label]
  if (column?.kind !== 'number') return []
  const names = new Set(features.map(({ name }) => name))
  const columns = Object.fromEntries(Object.entries(frame.columns).filter(([name]) => names.has(name)))
  return findLeaks({
    task,
    label: { name: label, values: column.values },
    features: { rows: frame.rows, columns },
  })
}

/** `src/serving.ts` in a checkout, `dist/serving.js` when installed. */
function servingEntry(): string {
  return join(import.meta.dirname, '..', import.meta.filename.endsWith('.ts') ? 'serving.ts' : 'serving.js')
}
