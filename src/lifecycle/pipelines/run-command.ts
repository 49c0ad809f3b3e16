import { fail, type ErrorCode, errorTable } from '#contract/errors'
import type { Client } from '#contract/endpoint'
import type { CommandContext } from '#platform/terminal/index'
import { pipelinesContract, type ParameterValue, type PipelineRunDetail } from './contract.ts'
import { printFailure, printPlan, printRun, progressLine, stepLine } from './run-report.ts'

type PipelinesClient = Client<typeof pipelinesContract>

/** How often the elapsed time moves. */
const watchMs = 200
const pipedWatchMs = 5000

/** `devmlops run`: starts, watches, sums up. */
export async function runPipeline(context: CommandContext): Promise<void> {
  const { options, terminal, json } = context
  const client = await context.client(pipelinesContract)
  const forced = options.list('force-step')
  const from = options.text('from')
  const request = {
    pipeline: context.arguments.required('PIPELINE'),
    parameters: readParameters(options.list('param')),
    force: options.flag('force') ? true : forced.length > 0 ? [...forced] : false,
    only: [...options.list('only')],
    ...(from === undefined ? {} : { from }),
  }
  if (options.flag('dry-run')) {
    const plan = await client.plan(request)
    return json ? terminal.json(plan) : printPlan(plan.steps, terminal)
  }
  const reason = options.text('reason')
  const trigger = { kind: 'manual' as const, ...(reason === undefined ? {} : { reason }) }
  const started = await client.start({ ...request, trigger })
  const detached = options.flag('detach')
  const run = detached ? started : await watch(started, client, context)
  if (json) terminal.json(run)
  else if (detached) {
    terminal.print(`${run.id} ${run.state}`)
    terminal.note(`Watch it: devmlops pipelines runs ${run.id}`)
  } else printRun(run, { why: options.flag('why') }, terminal)
  if (!detached) failAs(run, context)
}

async function watch(
  started: PipelineRunDetail,
  client: PipelinesClient,
  { terminal, signal }: CommandContext,
): Promise<PipelineRunDetail> {
  let run = started
  let cancelAsked = false
  const told = new Set<string>()
  const tell = (): void => {
    if (!terminal.interactive) return
    for (const step of run.steps) {
      if (['pending', 'running'].includes(step.state) || told.has(step.step)) continue
      told.add(step.step)
      terminal.note(stepLine(step, terminal))
    }
    terminal.progress(progressLine(run, Date.now()))
  }
  while (run.finishedAt === undefined) {
    tell()
    if (signal.aborted && !cancelAsked) {
      cancelAsked = true
      terminal.note('Stopping; Ctrl-C again leaves at once.')
      run = await client.cancel({ runId: run.id }).catch(() => run)
      continue
    }
    const waitMs = terminal.interactive ? watchMs : pipedWatchMs
    // An interrupt must not wait for the long poll.
    const next = client.run(
      { runId: run.id, sinceRevision: run.revision, waitMs },
      cancelAsked ? {} : { signal },
    )
    run = await next.catch((error: unknown) => (signal.aborted && !cancelAsked ? run : Promise.reject(error)))
  }
  terminal.clearProgress()
  return run
}

function failAs(run: PipelineRunDetail, { terminal, json }: CommandContext): void {
  if (run.state === 'cancelled') {
    fail('cancelled', `The run ${run.id} was cancelled.`, {
      hint: `What is finished is kept: run ${run.pipeline} again to go on.`,
    })
  }
  if (run.state !== 'failed') return
  const { code = 'step_failed', message = 'The run failed.', hint } = run.failure ?? {}
  const failed = run.steps.find((step) => step.state === 'failed')
  if (!json) printFailure(run, terminal)
  fail(code in errorTable ? (code as ErrorCode) : 'step_failed', message, {
    hint: hint ?? `The whole log: devmlops pipelines logs ${run.id} ${failed?.step ?? 'STEP'}`,
  })
}

function readParameters(words: readonly string[]): Record<string, ParameterValue> {
  const entries = words.map((word): [string, string] => {
    const at = word.indexOf('=')
    if (at < 1)
      fail('invalid_input', `--param takes NAME=VALUE, not "${word}".`, { hint: '--param train_days=90' })
    return [word.slice(0, at), word.slice(at + 1)]
  })
  return Object.fromEntries(entries)
}
