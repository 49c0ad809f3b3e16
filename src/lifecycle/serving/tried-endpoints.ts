import { fail, fromProblem, type Problem } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { ServingHost } from './serving-host-point.ts'
import type { WidePlan } from './serving-section.ts'
import type { ServingService } from './service.ts'
import { triedAnswerSchema, type QuestionForm, type TriedAnswer } from './try-contract.ts'

export interface TriedEndpointsDependencies {
  readonly platform: Pick<Platform, 'blobs' | 'config'>
  readonly service: Pick<ServingService, 'mainVersion'>
  readonly host: ServingHost
  readonly wide: () => Promise<Pick<WidePlan, 'access'>>
}

const loopback = new Set(['127.0.0.1', 'localhost', '::1'])

/** Endpoints as somebody asks them by hand: what they take, and what they answer to one row. */
export function createTriedEndpoints({ platform, service, host, wide }: TriedEndpointsDependencies) {
  const needsKey = async (): Promise<boolean> => {
    const { access } = await wide()
    if (!loopback.has(platform.config.host) || access.signing === 'required') return true
    return (access.mode ?? (platform.config.token === undefined ? 'open' : 'token')) !== 'open'
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

    try: async (
      name: string,
      { row, key }: { readonly row: Readonly<Record<string, unknown>>; readonly key?: string },
    ): Promise<TriedAnswer> => {
      const ask = host.ask ?? fail('not_ready', 'There is no serving process to ask here.')
      const startedAt = performance.now()
      const response = await ask(`/deployments/${encodeURIComponent(name)}/predict`, {
        rows: [row],
        ...(key === undefined ? {} : { key }),
      })
      const tookMs = performance.now() - startedAt
      const answer = (await response.json()) as { readonly predictions?: readonly unknown[] }
      if (!response.ok) throw fromProblem(answer as Problem, 'The endpoint refused the row.')
      return triedAnswerSchema.parse({ prediction: answer.predictions?.[0], tookMs })
    },
  }
}
