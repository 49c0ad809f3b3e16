import type { Caller } from '#contract/endpoint'
import { profileFrame } from '#lifecycle/data/index'
import { measure } from '#lifecycle/evaluation/index'
import { deploymentSchema } from '#lifecycle/serving/contract'
import { noDeploymentFigures, noVariantFigures } from '#lifecycle/serving/deployment/live'
import {
  createServingStage,
  predictionsDirectory,
  servingDirectory,
  type PredictionRecord,
} from '#lifecycle/serving/index'
import { outcomesPath, type VariantOutcomes } from '#lifecycle/serving/prediction-log/outcomes'
import { PredictionLog } from '#lifecycle/serving/prediction-log/prediction-log'
import { localCaller } from '#platform/access/access'
import type { Database } from '#platform/database/index'
import { fixturePlatform } from '#platform/platform.fixture'
import { createRandom } from '#platform/random'
import { replaceFile } from '#platform/replace-file'
import { createMonitoringStage } from './index.ts'
import type { ModelReference } from './reference-point.ts'
import type { PipelineStart } from './retraining-point.ts'
import type { MonitoringDependencies } from './service.ts'
import { monitorSchema } from './settings.ts'
import { windowAt } from './window.ts'

export const deployment = 'flights'
export const caller: Caller = localCaller()
const weekMs = 7 * 86_400_000
/** A Monday. */
export const firstWeek = Date.parse(windowAt(Date.UTC(2001, 2, 5), weekMs).start)

export const defaultMonitor = monitorSchema.parse({
  drift: { for: 1 },
  performance: [{ metric: 'calibration_gap', within: 0.05, minimum_labels: 500, for: 2 }],
  retraining: { pipeline: 'train', unless_firing: ['drift'], cool_down: '28d' },
})

export interface WeekOptions {
  /** Factor on the distance: 1.609344 sends kilometres. */
  readonly scale?: number
  /** Rate of late flights; the model says about 0.2. */
  readonly rate?: number
  readonly rows?: number
  readonly variant?: 'champion' | 'canary'
  readonly version?: number
  readonly timed?: boolean
}

export interface Week {
  readonly records: readonly PredictionRecord[]
  readonly labels: readonly { readonly id: string; readonly label: number }[]
}

/** What the two versions of the model say about a distance: the second sees a little more of it. */
function scoreWith(version: number, distance: number): number {
  const late = 1 / (1 + Math.exp(-(Math.log(distance) - 7.4)))
  return version === 1 ? 0.2 : Math.min(0.95, Math.max(0.01, late))
}

/** A week of requests and their truths. In a calm week the distances are those of the reference. */
export function week(at: number, options: WeekOptions = {}): Week {
  const { scale = 1, rate = 0.2, rows = 700, variant = 'champion', version = 1, timed = true } = options
  const random = createRandom(at * 31 + version)
  const records: PredictionRecord[] = []
  const labels: { id: string; label: number }[] = []
  for (let row = 0; row < rows; row++) {
    const distance = Math.exp(6 + 0.6 * random.normal())
    const id = `w${at}-${variant}-${row}`
    const eventTime = firstWeek + at * weekMs + Math.floor((row / rows) * weekMs)
    records.push({
      id,
      request_id: id,
      time: timed ? Date.UTC(2026, 0, 1) : eventTime,
      ...(timed ? { event_time: eventTime } : {}),
      deployment,
      variant,
      model: 'flights',
      version,
      inputs: { distance: distance * scale, origin: random.uniform() < 0.5 ? 'ORD' : 'ATL' },
      outputs: { probability: scoreWith(version, distance), label: 0 },
      latency_ms: 1 + random.uniform(),
    })
    const chance = version === 1 && rate === 0.2 ? scoreWith(2, distance) : rate
    labels.push({ id, label: random.uniform() < chance ? 1 : 0 })
  }
  return { records, labels }
}

function referenceOf(version: number): ModelReference {
  const { records, labels } = week(-10, { rows: 3000 })
  const scores = Float64Array.from(records, ({ inputs }) => scoreWith(version, inputs['distance'] as number))
  const frame = {
    rows: records.length,
    columns: {
      distance: {
        kind: 'number' as const,
        values: Float64Array.from(records, ({ inputs }) => inputs['distance'] as number),
      },
      origin: {
        kind: 'category' as const,
        codes: Int32Array.from(records, ({ inputs }) => (inputs['origin'] === 'ORD' ? 0 : 1)),
        levels: ['ORD', 'ATL'],
      },
      probability: { kind: 'number' as const, values: scores },
    },
  }
  const truth = Float64Array.from(labels, ({ label }) => label)
  return {
    task: 'binary',
    scoreColumn: 'probability',
    profile: profileFrame(frame),
    metrics: measure({ task: 'binary', labels: truth, scores }),
  }
}

const references = new Map([1, 2].map((version) => [version, referenceOf(version)]))

/** Monitoring on a real store, log and serving service; models, pipelines and the serving process are stood in for. */
export function fixture(database: Database, changed: Partial<MonitoringDependencies> = {}) {
  const clock = { time: Date.UTC(2026, 0, 2), now: () => clock.time }
  const { platform, close } = fixturePlatform(database, clock)
  const aliases = { champion: 1 }
  const promotions: number[] = []
  const version = (number: number) => ({
    model: 'flights',
    version: number,
    files: [],
    signature: { inputs: [], outputs: [] },
  })
  /** Requests that the serving process counts as failed. */
  const errors = { champion: 0, canary: 0 }
  const outcomes: VariantOutcomes[] = []
  let applied: { revision: number; names: string[] } | undefined
  const serving = createServingStage({
    platform,
    settings: async () => ({
      [deployment]: deploymentSchema.parse({
        model: 'flights@champion',
        canary: { model: 'flights@challenger', share: 50 },
      }),
    }),
    models: {
      versionOfAlias: async (_, alias) => version(alias === 'champion' ? aliases.champion : 2),
      version: async (_, number) => version(number),
      promote: async (request) => {
        aliases.champion = request.version
        promotions.push(request.version)
      },
    },
    host: {
      url: () => 'http://127.0.0.1:1',
      start: async () => undefined,
      stop: async () => undefined,
      apply: async (plan) => {
        const names = plan.deployments.flatMap(({ variants }) => variants.map(({ name }) => name))
        applied = { revision: plan.revision, names }
      },
      status: async () => ({
        ready: true,
        revision: applied?.revision,
        startedAt: 0,
        wideDigest: undefined,
        refused: undefined,
        connections: 0,
        requestsInFlight: 0,
        deployments: [
          {
            name: deployment,
            ready: true,
            reason: undefined,
            log: { written: 0, lost: 0, dropped: 0, sampledOut: 0, tornLinesCut: 0 },
            figures: noDeploymentFigures,
            variants: (applied?.names ?? []).map((name) => ({
              name,
              model: 'flights',
              version: 1,
              weight: 50,
              ...noVariantFigures,
            })),
          },
        ],
      }),
    },
  })
  const starts: PipelineStart[] = []
  const dependencies: MonitoringDependencies = {
    platform,
    serving: serving.service,
    settings: async () => ({ [deployment]: defaultMonitor }),
    references: { referenceOf: async (_, number) => references.get(number) },
    scorer: {
      scoreRows: async (_, number, rows) =>
        Float64Array.from(rows, (row) => scoreWith(number, row['distance'] as number)),
    },
    retraining: {
      startPipeline: async (start) => {
        starts.push(start)
        return { runId: `run-${starts.length}` }
      },
    },
    ...changed,
  }
  const directory = predictionsDirectory(platform.config.home, deployment)
  return {
    platform,
    clock,
    close,
    serving: serving.service,
    starts,
    promotions,
    errors,
    dependencies,
    directory,
    ...createMonitoringStage(dependencies),
    /** Another process on the same store. */
    again: (other: Partial<MonitoringDependencies> = {}) =>
      createMonitoringStage({ ...dependencies, ...other }),
    write: async (...weeks: readonly Week[]): Promise<void> => {
      const log = await PredictionLog.open({ directory, segmentBytes: 200_000, clock })
      for (const { records } of weeks) {
        for (let start = 0; start < records.length; start += 500) {
          const part = records.slice(start, start + 500)
          await log.append(part.map((record) => `${JSON.stringify(record)}\n`).join(''), part.length)
        }
      }
      await log.close()
      for (const { records } of weeks) {
        const [first] = records
        if (first === undefined) continue
        const { variant, model, version } = first
        const counts = {
          answered: records.length,
          rows: records.length,
          failed: errors[variant as 'champion' | 'canary'],
          refused: 0,
        }
        outcomes.push({ deployment, variant, model, version, since: clock.now(), ...counts })
      }
      const counted = { writtenAt: clock.now(), open: true, deaths: 0, variants: outcomes }
      await replaceFile(outcomesPath(servingDirectory(platform.config.home)), JSON.stringify(counted))
    },
    eventTypes: async (): Promise<string[]> => {
      const types = ['drift.detected', 'model.decayed', 'alert.firing', 'alert.resolved']
      return (await platform.events.list({ types, limit: 1000 })).map(({ type }) => type)
    },
  }
}

/** Runs a test on a fresh store with the deployment running. */
export function monitoredOn(open: () => Promise<Database>, changed: Partial<MonitoringDependencies> = {}) {
  return async (use: (context: ReturnType<typeof fixture>) => Promise<void>): Promise<void> => {
    const context = fixture(await open(), changed)
    try {
      await context.serving.deploy(deployment, caller)
      await use(context)
    } finally {
      await context.close()
    }
  }
}

export const canaryMonitor = monitorSchema.parse({
  drift: false,
  canary: { metric: 'log_loss', margin: 0.01, minimum_labels: 1000 },
})

/** Starts a canary and lets both versions answer as many requests. */
export async function tryCanary({
  service,
  serving,
  write,
  clock,
}: ReturnType<typeof fixture>): Promise<Week[]> {
  clock.time = Date.UTC(2025, 11, 1)
  await serving.startCanary(deployment, {}, caller)
  const weeks = [week(0), week(0, { variant: 'canary', version: 2 })]
  await write(...weeks)
  await service.check(deployment)
  return weeks
}
