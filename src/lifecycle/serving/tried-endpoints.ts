import { fail, fromProblem, type Problem } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { ServingHost } from './serving-host-point.ts'
import type { WidePlan } from './serving-section.ts'
import type { ServingService } from './service.ts'
import {
  explainedAnswerSchema,
  triedAnswerSchema,
  type ExplainedAnswer,
  type QuestionForm,
  type TriedAnswer,
} from './try-contract.ts'

export interface TriedEndpointsDependencies {
  readonly platform: Pick<Platform, 'blobs' | 'config'>
  readonly service: Pick<ServingService, 'mainVersion'>
  readonly host: ServingHost
  readonly wide: () => Promise<Pick<WidePlan, 'access'>>
}

interface Question {
  readonly row: Readonly<Record<string, unknown>>
  readonly key?: string | undefined
  /** Left out: as the row is routed. */
  readonly version?: number | undefined
}

const loopback = new Set(['127.0.0.1', 'localhost', '::1'])

/** Endpoints as somebody asks them by hand: what they take, and what they answer to one row. */
export function createTriedEndpoints({ platform, service, host, wide }: TriedEndpointsDependencies) {
  const needsKey = async (): Promise<boolean> => {
    const { access } = await wide()
    if (!loopback.has(platform.config.host) || access.signing === 'required') return true
    return (access.mode ?? (platform.config.token === undefined ? 'open' : 'token')) !== 'open'
  }
  const ask = async <Answer>(name: string, verb: 'predict' | 'explain', body: object): Promise<Answer> => {
    const send = host.ask ?? fail('not_ready', 'There is no serving process to ask here.')
    const response = await send(`/deployments/${encodeURIComponent(name)}/${verb}`, body)
    const answer: unknown = await response.json()
    if (!response.ok) throw fromProblem(answer as Problem, 'The endpoint refused the row.')
    return answer as Answer
  }
  return {
    form: async (name: string): Promise<QuestionForm> => {
      const main = await service.mainVersion(name)
      const { model, version, signature } = main
      // It reads rows as the process does, which few servers are ever asked for.
      const { exampleRowOf } = await import('./process/models/example-row.ts')
      const example = await exampleRowOf(main, platform.blobs)
      const url = host.url()
      return {
        name,
        model,
        version,
        signature,
        ...(example === undefined ? {} : { example }),
        ...(url === undefined ? {} : { url }),
        needsKey: await needsKey(),
      }
    },

    try: async (name: string, { row, key }: Question): Promise<TriedAnswer> => {
      const startedAt = performance.now()
      const { predictions } = await ask<{ readonly predictions?: readonly unknown[] }>(name, 'predict', {
        rows: [row],
        ...(key === undefined ? {} : { key }),
      })
      return triedAnswerSchema.parse({ prediction: predictions?.[0], tookMs: performance.now() - startedAt })
    },

    why: async (name: string, { row, key, version }: Question): Promise<ExplainedAnswer> => {
      const { explanations } = await ask<{ readonly explanations?: readonly unknown[] }>(name, 'explain', {
        rows: [row],
        ...(key === undefined ? {} : { key }),
        ...(version === undefined ? {} : { version: String(version) }),
      })
      return explainedAnswerSchema.parse(explanations?.[0])
    },
  }
}
