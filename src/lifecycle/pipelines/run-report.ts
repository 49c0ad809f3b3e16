import { formatBytes, formatCount, formatDuration } from '#contract/units'
import type { Style, Terminal } from '#platform/terminal/index'
import type { PipelineRunDetail, PlannedStep, StepRunView } from './contract.ts'

const styles: Readonly<Record<string, Style>> = {
  succeeded: 'green',
  cached: 'cyan',
  run: 'yellow',
  running: 'yellow',
  failed: 'red',
  cancelled: 'red',
  skipped: 'dim',
  pending: 'dim',
  queued: 'dim',
  'decided-later': 'dim',
}

export function styledState(state: string, { style }: Pick<Terminal, 'style'>): string {
  return style(state, styles[state] ?? 'dim')
}

/** `✓ prepare  1.2s`, as soon as a step is over. */
export function stepLine(step: StepRunView, { style }: Pick<Terminal, 'style'>): string {
  const mark = { succeeded: '✓', cached: '≡', failed: '✗', cancelled: '✗' }[step.state as string] ?? '·'
  const took = durationOf(step)
  const rest = step.state === 'succeeded' ? took : step.state
  return `${style(mark, styles[step.state] ?? 'dim')} ${step.step}  ${style(rest, 'dim')}`
}

/** `train 62% fitting trees 12s · report 3s`, of the steps that run. */
export function progressLine(run: PipelineRunDetail, now: number): string {
  const running = run.steps.filter((step) => step.state === 'running')
  if (running.length === 0)
    return run.state === 'queued' ? `${run.pipeline} waits for its turn` : run.pipeline
  return running
    .map(({ step, progress, startedAt, logTail }) => {
      const percent = progress?.fraction === undefined ? undefined : `${Math.floor(progress.fraction * 100)}%`
      const elapsed = startedAt === undefined ? undefined : formatDuration(Math.max(0, now - startedAt))
      return [step, percent, progress?.text ?? logTail?.at(-1), elapsed]
        .filter((part) => part !== undefined)
        .join(' ')
    })
    .join(' · ')
}

export function printPlan(steps: readonly PlannedStep[], terminal: Terminal): void {
  const rows = steps.flatMap(({ step, kind, action, reasons }) =>
    [reasons[0] ?? '', ...reasons.slice(1)].map((reason, index) =>
      index === 0 ? { step, kind, action, reason } : { step: '', kind: '', action: '', reason },
    ),
  )
  terminal.table(rows, [
    { title: 'STEP', value: ({ step }) => step },
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'ACTION', value: ({ action }) => (action === '' ? '' : styledState(action, terminal)) },
    { title: 'WHY', value: ({ reason }) => reason, shrink: true },
  ])
}

export function printRun(
  run: PipelineRunDetail,
  { why }: { readonly why: boolean },
  terminal: Terminal,
): void {
  terminal.table(run.steps, [
    { title: 'STEP', value: ({ step }) => step },
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'STATE', value: ({ state }) => styledState(state, terminal) },
    { title: 'TIME', value: durationOf, align: 'right' },
    { title: 'MADE', value: madeBy, shrink: true },
  ])
  if (why) for (const line of whyLines(run.steps, terminal)) terminal.print(line)
  const total = run.finishedAt === undefined ? '' : ` in ${formatDuration(run.finishedAt - run.createdAt)}`
  terminal.print(
    `${terminal.style(run.pipeline, 'bold')} ${styledState(run.state, terminal)}${total}  ${terminal.style(run.id, 'dim')}`,
  )
}

function whyLines(steps: readonly StepRunView[], { style }: Pick<Terminal, 'style'>): string[] {
  return steps.flatMap(({ step, state, reasons }) => [
    `${style(step, 'bold')} ${state === 'cached' ? 'did not run' : state === 'skipped' ? 'was left out' : 'ran'}:`,
    ...reasons.map((reason) => `  ${reason}`),
  ])
}

/** The end of what the failed steps printed. */
export function printFailure(run: PipelineRunDetail, terminal: Terminal): void {
  for (const { step, state, failure } of run.steps) {
    if (state !== 'failed' || failure?.lastLines === undefined) continue
    terminal.note(terminal.style(`${step} printed last:`, 'bold'))
    for (const line of failure.lastLines) terminal.note(`  ${line}`)
  }
}

function durationOf({ startedAt, finishedAt, state }: StepRunView): string {
  if (state === 'cached' || startedAt === undefined || finishedAt === undefined) return ''
  return formatDuration(finishedAt - startedAt)
}

function madeBy({ outputs }: StepRunView): string {
  return outputs
    .map(({ name, rows, sizeBytes }) =>
      rows === undefined ? `${name} ${formatBytes(sizeBytes)}` : `${name} ${formatCount(rows)} rows`,
    )
    .join(', ')
}
