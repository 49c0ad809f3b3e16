import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Download } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import { routesOf, type Route } from '#platform/dispatch'
import { pipelinesContract, type OutputKind } from './contract.ts'
import type { RunTools } from './run-tools.ts'
import { runView } from './run-views.ts'
import type { PipelinesService } from './service.ts'
import { stepLogPath } from './step-log.ts'

const contentTypes: Readonly<Record<OutputKind, string>> = {
  table: 'application/vnd.apache.parquet',
  file: 'application/octet-stream',
  directory: 'application/json',
  json: 'application/json',
}

export function pipelineRoutes({
  service,
  tools,
}: {
  readonly service: PipelinesService
  readonly tools: RunTools
}): Route[] {
  return routesOf('pipelines', pipelinesContract, {
    list: async () => {
      const items = await service.list()
      return {
        items: items.map(({ definition, lastRun }) => ({
          name: definition.name,
          parameters: definition.parameters,
          steps: definition.steps.map(({ name, kind, needs, inputs, outputs }) => ({
            name,
            kind,
            needs: [...needs],
            inputs,
            outputs: outputs.map((output) => output.name),
          })),
          ...(lastRun === undefined ? {} : { lastRun: runView(lastRun) }),
        })),
      }
    },
    plan: async (input) => ({ pipeline: input.pipeline, steps: await service.plan(input) }),
    start: (input, { caller }) => service.start(input, caller),
    runs: async ({ pipeline, state, after, limit }) => {
      const runs = await service.runs({
        limit,
        ...(pipeline === undefined ? {} : { pipeline }),
        ...(state === undefined ? {} : { state }),
        ...(after === undefined ? {} : { after }),
      })
      const last = runs.at(-1)
      return {
        items: runs.map(runView),
        ...(runs.length === limit && last !== undefined ? { next: last.id } : {}),
      }
    },
    run: ({ runId, sinceRevision, waitMs }, { signal }) =>
      sinceRevision === undefined
        ? service.get(runId)
        : service.get(runId, { revision: sinceRevision, waitMs, signal }),
    cancel: ({ runId }, { caller }) => service.cancel(runId, caller),
    stepLog: async ({ runId, step, attempt }): Promise<Download> => {
      const stepRun = await service.step(runId, step)
      const wanted = attempt ?? stepRun.attempt
      const live = wanted === stepRun.attempt ? tools.live.step(stepRun.id)?.log : undefined
      const path = stepLogPath(tools.platform.config.home, { ...stepRun, attempt: wanted })
      if (live === undefined && !existsSync(path)) {
        fail('not_found', `There is no log of attempt ${wanted} of "${step}".`, {
          hint:
            stepRun.cachedFrom === undefined
              ? `The step is ${stepRun.state}.`
              : `It was cached; run ${stepRun.cachedFrom} has the log.`,
        })
      }
      const body = live?.snapshot() ?? (await readFile(path))
      return {
        body,
        sizeBytes: body.length,
        contentType: 'text/plain; charset=utf-8',
        fileName: `${step}.${wanted}.log`,
      }
    },
    output: async ({ runId, step, output: name }): Promise<Download> => {
      const { outputs } = await service.step(runId, step)
      const output =
        outputs.find((candidate) => candidate.name === name) ??
        fail('not_found', `The step "${step}" has no output "${name}" in this run.`, {
          hint:
            outputs.length === 0
              ? 'It has none.'
              : `It has ${outputs.map((candidate) => candidate.name).join(', ')}.`,
        })
      const digest = output.digest as Digest
      const stored =
        (await tools.blobs.head(digest)) ?? fail('not_found', `The output "${name}" is no longer stored.`)
      const extension = { table: '.parquet', json: '.json', directory: '.json', file: '' }[output.kind]
      return {
        body: ReadableStream.from(await tools.blobs.stream(digest)),
        sizeBytes: stored.sizeBytes,
        contentType: contentTypes[output.kind],
        fileName: output.fileName ?? `${name}${extension}`,
      }
    },
  })
}
