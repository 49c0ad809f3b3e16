import { randomUUIDv7 } from 'node:crypto'
import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { pointerFolder } from '#lifecycle/data/index'
import { codeVersionOf } from '#platform/code-version'
import type { PipelineRunDetail, PlannedStep, RunState, Trigger } from './contract.ts'
import { definePipeline } from './definition.ts'
import type { PipelineRun, StepRun } from './pipeline-run.ts'
import { planSteps, prepareRun, type PreparedRun, type RunRequest } from './planning.ts'
import { finishRun } from './run-execution.ts'
import type { RunQueue } from './run-queue.ts'
import type { RunTools } from './run-tools.ts'
import { runDetail } from './run-views.ts'

export interface StartRequest extends RunRequest {
  readonly trigger: Trigger
}

export type PipelinesService = ReturnType<typeof createPipelinesService>

/** What may be asked of pipelines. */
export function createPipelinesService(tools: RunTools, queue: RunQueue) {
  const { store, live } = tools

  const find = async (id: string): Promise<PipelineRun> => {
    const run = id === 'latest' ? (await store.listRuns({ limit: 1 }))[0] : await store.getRun(id)
    return (
      run ??
      fail('not_found', `There is no pipeline run "${id}".`, { hint: 'See `devmlops pipelines runs`.' })
    )
  }
  const detail = async (run: PipelineRun): Promise<PipelineRunDetail> =>
    runDetail(run, await store.stepsOf(run.id), live)

  const prepare = async (request: RunRequest) => {
    const project = await tools.project()
    const prepared = await prepareRun(request, { project, kinds: tools.kinds, datasets: tools.datasets })
    return { project, prepared, planned: await planSteps(prepared, project, tools) }
  }

  return {
    find,
    recover: queue.recover,

    list: async () => {
      const project = await tools.project()
      return Promise.all(
        Object.entries(project.pipelines).map(async ([name, config]) => {
          const definition = definePipeline(name, config, tools.kinds)
          const [lastRun] = await store.listRuns({ pipeline: name, limit: 1 })
          return { definition, lastRun }
        }),
      )
    },

    plan: async (request: RunRequest): Promise<PlannedStep[]> =>
      (await prepare(request)).planned.map(({ step }) => step),

    /** Starts a run. When every step is cached there is nothing to do, and the run is finished when this answers. */
    start: async (request: StartRequest, caller: Pick<Caller, 'name'>): Promise<PipelineRunDetail> => {
      const { project, prepared, planned } = await prepare(request)
      const isCached = planned.every(({ step }) => step.action === 'cached')
      const run: PipelineRun = {
        ...newRun(prepared, tools.platform.clock.now()),
        actor: caller.name,
        trigger: request.trigger,
        code: isCached
          ? undefined
          : await codeVersionOf(project.directory, { newFiles: 'count', except: [pointerFolder] }),
      }
      const steps = planned.map(({ step, assessment }, position): StepRun => {
        const pending = newStep(run, step, position)
        if (!isCached) return pending
        return {
          ...pending,
          state: 'cached',
          cacheKey: assessment.key,
          cacheParts: assessment.parts,
          inputs: assessment.inputs,
          outputs: assessment.reuse?.outputs ?? [],
          cachedFrom: assessment.reuse?.runId,
          reasons: assessment.reasons,
          finishedAt: run.createdAt,
        }
      })
      await store.insertRun(isCached ? { ...run, startedAt: run.createdAt } : run, steps)
      if (isCached) await finishRun(run, 'succeeded', { tools })
      else await queue.enqueue(run)
      return detail(await find(run.id))
    },

    runs: (filter: { pipeline?: string; state?: RunState; after?: string; limit: number }) =>
      store.listRuns(filter),

    /** A run with its steps, now or at its next change. */
    get: async (
      id: string,
      wait?: { readonly revision: number; readonly waitMs: number; readonly signal: AbortSignal | undefined },
    ): Promise<PipelineRunDetail> => {
      const run = await find(id)
      if (wait === undefined || run.finishedAt !== undefined) return detail(run)
      await live.nextChange(run.id, wait)
      return detail(await find(run.id))
    },

    cancel: async (id: string, caller: Pick<Caller, 'name'>): Promise<PipelineRunDetail> => {
      const run = await find(id)
      if (!(await queue.cancel(run, caller.name)) && run.finishedAt !== undefined) {
        fail('conflict', `The run ${run.id} is over already: it ${run.state}.`)
      }
      return detail(await find(run.id))
    },

    step: async (id: string, name: string): Promise<StepRun> => {
      const run = await find(id)
      const found = (await store.stepsOf(run.id)).find((step) => step.step === name)
      return found ?? fail('not_found', `The run ${run.id} has no step "${name}".`)
    },
  }
}

function newRun(prepared: PreparedRun, now: number): Omit<PipelineRun, 'actor' | 'trigger' | 'code'> {
  return {
    id: randomUUIDv7(),
    pipeline: prepared.definition.name,
    state: 'queued',
    parameters: prepared.parameters,
    selection: prepared.selection,
    definition: prepared.definition,
    datasets: prepared.datasets,
    failure: undefined,
    cancelledBy: undefined,
    announced: false,
    createdAt: now,
    startedAt: undefined,
    finishedAt: undefined,
  }
}

function newStep(run: PipelineRun, { step, kind }: PlannedStep, position: number): StepRun {
  return {
    id: randomUUIDv7(),
    runId: run.id,
    pipeline: run.pipeline,
    step,
    kind,
    position,
    state: 'pending',
    attempt: 0,
    cacheKey: undefined,
    cacheParts: undefined,
    reasons: [],
    inputs: [],
    outputs: [],
    cachedFrom: undefined,
    failure: undefined,
    handle: undefined,
    startedAt: undefined,
    finishedAt: undefined,
  }
}
