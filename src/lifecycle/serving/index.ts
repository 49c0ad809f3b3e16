import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '#contract/errors'
import { systemCaller } from '#platform/access/access'
import { digestOf, type Digest } from '#platform/blobs/index'
import { digestsInText } from '#platform/held-digests'
import { routesOf } from '#platform/dispatch'
import type { Stage } from '#platform/platform'
import { createAccessKeys, type AccessKeys } from './access-keys/access-keys.ts'
import { accessKeysContract } from './access-keys/contract.ts'
import { servingContract, type PredictionView } from './contract.ts'
import { predictionLogContract } from './prediction-log/contract.ts'
import { createPredictionLogs } from './prediction-log/prediction-logs.ts'
import { findPrediction, newestPredictions } from './prediction-lookup.ts'
import { rolloutView } from './rollouts/rollout-view.ts'
import { servingPlan, servingSection, type ServingSettings, type WidePlan } from './serving-section.ts'
import { createTriedEndpoints } from './tried-endpoints.ts'
import { tryContract } from './try-contract.ts'
import { createServingService, type ServingDependencies, type ServingService } from './service.ts'

export { batchSection } from './batch/batch-section.ts'
export type { BatchService } from './batch/batch-service.ts'
export { createBatchStage } from './batch/batch-stage.ts'
export { batchPredictForm, batchPredictStep } from './batch-predict-step.ts'
export { deploymentsSection, type DeploymentView } from './contract.ts'
export type { DeployableModels, DeployableVersion, ServingService } from './service.ts'
export type { Decision, Rollout, RolloutState, RolloutVerdict, RolloutVersion } from './rollouts/rollout.ts'
export type { RolloutDecision, RolloutsService } from './rollouts/rollouts.ts'
export type { ServingHost } from './serving-host-point.ts'
export {
  cursorBefore as predictionCursorBefore,
  endOfPredictions,
  readPredictions,
  type PredictionCursor,
} from './prediction-log/read-predictions.ts'
export { shadowDirectory } from './prediction-log/segments.ts'
export { readOutcomes, type OutcomesFile, type VariantOutcomes } from './prediction-log/outcomes.ts'
export type { PredictionRecord } from './prediction-log/record.ts'
export { servingSection, type ServingSettings } from './serving-section.ts'
export { servingMigrations } from './tables.ts'

/** Where the serving process keeps its plan and its logs, below the home folder. */
export function servingDirectory(home: string): string {
  return join(home, 'serving')
}

/** The logged predictions of a deployment: append-only NDJSON segments. */
export function predictionsDirectory(home: string, deployment?: string): string {
  const all = join(servingDirectory(home), 'predictions')
  return deployment === undefined ? all : join(all, deployment)
}

/** One logged prediction, by the id that the endpoint answered; `not_found` when there is none. */
export async function loggedPrediction(home: string, id: string): Promise<PredictionView> {
  return (
    (await findPrediction(predictionsDirectory(home), id)) ??
    fail('not_found', `No logged prediction has the id "${id}".`, {
      hint: 'Its id is in the answer of the endpoint; `devmlops predictions NAME` lists the newest.',
    })
  )
}

export interface ServingStageDependencies extends Omit<ServingDependencies, 'wide'> {
  /** The section `serving` of devmlops.yaml. */
  readonly servingSettings?: () => Promise<ServingSettings>
}

export function createServingStage(dependencies: ServingStageDependencies): {
  stage: Stage
  predictionLogs: ReturnType<typeof createPredictionLogs>
  service: ServingService
} {
  const { platform, servingSettings = async () => servingSection.schema.parse({}) } = dependencies
  const keys: AccessKeys = createAccessKeys({ platform, onChange: () => service.reconcile() })
  const wide = async (): Promise<WidePlan> => {
    const plan = servingPlan(await servingSettings(), await keys.forPlan())
    return { ...plan, wideDigest: digestOf(Buffer.from(JSON.stringify(plan))) }
  }
  const service: ServingService = createServingService({ ...dependencies, wide })
  const { home } = dependencies.platform.config
  const handlers = routesOf('serving', servingContract, {
    list: () => service.list(),
    get: ({ name }) => service.get(name),
    revisions: async ({ name }) => ({ items: await service.revisions(name) }),
    preview: async ({ name, environment }) => {
      const names = name === undefined ? undefined : [await service.endpointName(name, environment)]
      return { items: await service.preview(names) }
    },
    deploy: async ({ name, environment, reason }, { caller }) =>
      service.deploy(await service.endpointName(name, environment), caller, reason),
    deployAll: async ({ prune, reason }, { caller }) => ({
      items: await service.deployAll({ prune, reason }, caller),
    }),
    rollback: ({ name, to, reason }, { caller }) =>
      service.rollback(
        name,
        { ...(to === undefined ? {} : { to }), ...(reason === undefined ? {} : { reason }) },
        caller,
      ),
    promote: ({ name, to, force, reason }, { caller }) =>
      service.promote(name, { to, force, ...(reason === undefined ? {} : { reason }) }, caller),
    startCanary: ({ name, version, share, reason }, { caller }) =>
      service.startCanary(
        name,
        {
          ...(version === undefined ? {} : { version }),
          ...(share === undefined ? {} : { share }),
          ...(reason === undefined ? {} : { reason }),
        },
        caller,
      ),
    endCanary: ({ name, verdict, reason }, { caller }) =>
      service.endCanary(name, { verdict, reason: reason ?? `${caller.name} said so` }, caller),
    startRelease: ({ name, version, reason }, { caller }) =>
      service.startRelease(
        name,
        { ...(version === undefined ? {} : { version }), ...(reason === undefined ? {} : { reason }) },
        caller,
      ),
    decide: async ({ name, verdict, variant, reason }, { caller }) => {
      const given = { verdict, reason: reason ?? `${caller.name} said so`, now: true }
      await service.rollouts.decide(name, { ...given, ...(variant === undefined ? {} : { variant }) }, caller)
      return service.get(name)
    },
    rollouts: async ({ name, limit }) => ({
      items: (await service.rollouts.history(name, limit)).map(rolloutView),
    }),
    rolloutNotes: async ({ id }) => ({
      items: (await service.rollouts.notes(id)).map(({ time, step, kind, reason, evidence, actor }) => ({
        time,
        step: step + 1,
        kind,
        reason,
        ...(evidence === null ? {} : { evidence: JSON.parse(evidence) as unknown }),
        actor,
      })),
    }),
    restart: () => service.restart(),
    stop: ({ name, reason }, { caller }) => service.stop(name, caller, reason),
    prediction: ({ id }) => loggedPrediction(home, id),
    predictions: async ({ name, limit }) => {
      const items = await newestPredictions(predictionsDirectory(home, name), limit)
      // A batch has predictions without a deployment; a name without either is a mistake.
      if (items.length === 0) await service.get(name)
      return { items }
    },
  })
  const predictionLogs = createPredictionLogs({
    ...dependencies,
    directoryOf: (name) => predictionsDirectory(home, name),
  })
  const logHandlers = routesOf('prediction-logs', predictionLogContract, predictionLogs.handlers)
  const tried = createTriedEndpoints({ ...dependencies, service, wide })
  const tryHandlers = routesOf('endpoints', tryContract, {
    form: ({ name }) => tried.form(name),
    try: ({ name, ...question }) => tried.try(name, question),
    why: ({ name, ...question }) => tried.why(name, question),
  })
  const keyHandlers = routesOf('access-keys', accessKeysContract, {
    list: async () => ({ items: await keys.list() }),
    create: (request, { caller }) => keys.create(request, caller),
    revoke: ({ key }, { caller }) => keys.revoke(key, caller),
  })
  return {
    service,
    predictionLogs,
    stage: {
      name: 'serving',
      routes: [...handlers, ...logHandlers, ...keyHandlers, ...tryHandlers],
      jobKinds: predictionLogs.jobKinds,
      heldDigests: () => planDigests(servingDirectory(home)),
      subscriptions: [
        {
          name: 'serving.follow-alias',
          types: ['model.alias_set'],
          handle: async ({ payload, actor }) => {
            const { model, alias, reason } = payload as { model: string; alias: string; reason?: string }
            await service.followAlias(
              { model, alias, reason: reason ?? `${alias} moved` },
              { ...systemCaller('serving'), name: actor },
            )
          },
        },
      ],
    },
  }
}

/** What answers may be older than what the registry says: the plan that was accepted last counts. */
async function* planDigests(directory: string): AsyncIterable<Digest> {
  const text = await readFile(join(directory, 'plan.json'), 'utf8').catch(() => '')
  yield* digestsInText(text)
}
