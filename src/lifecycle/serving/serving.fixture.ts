import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { localCaller } from '#platform/access/access'
import { digestOf } from '#platform/blobs/index'
import type { Database } from '#platform/database/index'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { deploymentsSection } from './contract.ts'
import type { ServingPlanInput, ServingStatus } from './plan.ts'
import { servingMigrations } from './tables.ts'
import { createServingService, type ServingDependencies } from './service.ts'

export const caller: Caller = localCaller()
export const servingTestMigrations = [...platformMigrations, ...servingMigrations]

/** The control side on a real store. The registry is a table of aliases, and the serving process keeps the plans it got. */
export function servingFixture(
  database: Database,
  given: { readonly deployments: Readonly<Record<string, unknown>> } & Partial<ServingDependencies>,
) {
  const { deployments, ...changed } = given
  const clock = { time: Date.UTC(2026, 0, 2), now: () => clock.time }
  const monotonic = { time: 0 }
  const { platform, close } = fixturePlatform(database, clock)
  const aliases = new Map([
    ['flights@champion', 1],
    ['flights@challenger', 2],
  ])
  const moves: { alias: string; version: number; reason: string; isBack?: boolean }[] = []
  const applied: ServingPlanInput[] = []
  const process = { refuses: undefined as string | undefined, running: true }
  let declared = deployments
  const version = (model: string, number: number) => ({
    model,
    version: number,
    files: [{ path: 'model.onnx', digest: digestOf(Buffer.from(`${model} ${number}`)), sizeBytes: 1 }],
    signature: {
      inputs: [{ name: 'distance', type: 'double' as const, required: true }],
      outputs: [{ name: 'probability', type: 'float' as const }],
    },
  })
  const dependencies: ServingDependencies = {
    platform,
    settings: async () => deploymentsSection.schema.parse(declared),
    monotonicMs: () => monotonic.time,
    models: {
      versionOfAlias: async (model, alias) => {
        const number = aliases.get(`${model}@${alias}`)
        return number === undefined ? undefined : version(model, number)
      },
      version: async (model, number) => version(model, number),
      promote: async ({ model, ...move }) => {
        aliases.set(`${model}@${move.alias}`, move.version)
        moves.push(move)
      },
    },
    host: {
      url: () => (process.running ? 'http://127.0.0.1:1' : undefined),
      start: async () => undefined,
      stop: async () => undefined,
      apply: async (plan) => {
        if (process.refuses !== undefined) fail('storage_full', process.refuses)
        applied.push(plan)
      },
      status: async () =>
        ({ revision: applied.at(-1)?.revision, deployments: [] }) as unknown as ServingStatus,
    },
    ...changed,
  }
  const start = () => createServingService(dependencies)
  return {
    platform,
    clock,
    monotonic,
    aliases,
    moves,
    applied,
    process,
    close,
    serving: start(),
    /** Another server on the same store, as after a crash. */
    again: start,
    declare: (next: Readonly<Record<string, unknown>>) => {
      declared = next
    },
    /** Lets time pass on both clocks, then does what the server does every few seconds. */
    pass: async (serving: ReturnType<typeof start>, ms: number) => {
      clock.time += ms
      monotonic.time += ms
      await serving.heartbeat()
    },
    /** Variant → weight of what the serving process answers with. */
    answering: (name: string) =>
      (applied.at(-1)?.deployments.find((deployment) => deployment.name === name)?.variants ?? []).map(
        (variant) => [variant.name, variant.version, variant.weight],
      ),
  }
}
