import { formatDuration } from '#contract/units'
import type { CommandContext } from '#platform/terminal/index'
import type { DeploymentView, PlannedDeployment, Revision } from './contract.ts'
import type { LogFigures } from './deployment/log.ts'
import type { RolloutView } from './rollouts/contract.ts'

type Out = Pick<CommandContext, 'terminal'>

export function printDeployment({ terminal }: Out, deployment: DeploymentView): void {
  const { live, rollout } = deployment
  const state =
    deployment.state === 'stopped' ? 'stopped' : live?.ready === true ? 'answering' : 'waiting for the server'
  const color = state === 'answering' ? 'green' : 'yellow'
  terminal.print(
    `${terminal.style(deployment.name, 'bold')}  ${terminal.style(state, color)}  ${deployment.reason}`,
  )
  terminal.table(deployment.variants, [
    { title: '  VARIANT', value: (variant) => `  ${variant.name}` },
    { title: 'MODEL', value: (variant) => `${variant.model} v${variant.version}` },
    {
      title: 'SHARE',
      value: ({ weight, share }) => (share === undefined ? `${weight} %` : `copy of ${share} %`),
      align: 'right',
    },
    {
      title: 'REQUESTS',
      value: (variant) => String(live?.variants.find((one) => one.name === variant.name)?.requests ?? '–'),
      align: 'right',
    },
  ])
  if (rollout !== undefined) printRollout({ terminal }, rollout)
  if (live?.reason !== undefined) terminal.warn(live.reason)
  if (live === undefined) return
  if (live.log !== undefined) printLosses({ terminal }, live.log)
  terminal.print(
    `  POST ${live.url}/deployments/${deployment.name}/predict   or   ${live.url}/v2/models/${deployment.name}/infer`,
  )
}

/** Nothing when every prediction is on disk or was never to be. */
function printLosses({ terminal }: Out, { lost, dropped, sampledOut, problem }: LogFigures): void {
  const missing = [
    lost === 0 ? undefined : `${lost} could not be written`,
    dropped === 0 ? undefined : `${dropped} came faster than the disk takes them`,
  ].filter((text) => text !== undefined)
  if (missing.length > 0) terminal.warn(`Predictions that are not in the log: ${missing.join(', ')}.`)
  if (problem !== undefined) terminal.warn(`The prediction log cannot be written: ${problem}`)
  if (sampledOut > 0) terminal.print(`  ${sampledOut} predictions were left out of the log by its sample`)
}

const strategies = { canary: 'canary', blue_green: 'blue-green', shadow: 'shadow', ab: 'A/B test' } as const

function printRollout({ terminal }: Out, { strategy, step, steps, next, verdict }: RolloutView): void {
  const place = steps.length === 1 ? '' : `, step ${step} of ${steps.length}`
  terminal.print(`  ${terminal.style(`${strategies[strategy]}${place}`, 'cyan')}: ${next}`)
  if (verdict === undefined) return
  terminal.print(`  last verdict, by ${verdict.by}: ${verdict.verdict.replace('_', ' ')} – ${verdict.reason}`)
}

const signs = {
  add: ['+', 'green'],
  change: ['~', 'yellow'],
  none: ['=', 'dim'],
  remove: ['-', 'red'],
  blocked: ['!', 'red'],
} as const

export function printPlan(
  { terminal, json }: Pick<CommandContext, 'terminal' | 'json'>,
  items: readonly PlannedDeployment[],
  { done = false, prune = true } = {},
): void {
  if (json) return terminal.json(items)
  if (items.length === 0) return terminal.print('devmlops.yaml has no deployments, and nothing is deployed.')
  for (const { name, action, changes, problem, drift } of items) {
    const [sign, color] = signs[action]
    terminal.print(
      `${terminal.style(sign, color)} ${terminal.style(name, 'bold')}  ${wordFor(action, { done, prune })}`,
    )
    for (const { what, from, to } of changes) terminal.print(`    ${what}: ${arrow(from, to)}`)
    if (problem !== undefined) terminal.print(`    ${problem}`)
    if (drift !== undefined) terminal.print(`    ${drift}; it is repaired by itself`)
  }
}

function wordFor(
  action: PlannedDeployment['action'],
  { done, prune }: { done: boolean; prune: boolean },
): string {
  if (action === 'none') return 'as devmlops.yaml says'
  if (action === 'blocked') return 'cannot be deployed'
  if (action === 'remove') {
    if (!prune) return 'no longer in devmlops.yaml; goes on answering, --prune stops it'
    return done ? 'stopped: it is no longer in devmlops.yaml' : 'no longer in devmlops.yaml: --prune stops it'
  }
  if (action === 'add') return done ? 'deployed' : 'would be deployed'
  return done ? 'changed' : 'would change'
}

function arrow(from: string | undefined, to: string | undefined): string {
  if (from === undefined) return to ?? ''
  return to === undefined ? `${from} → nothing` : `${from} → ${to}`
}

export function printRevisions({ terminal }: Out, items: readonly Revision[]): void {
  terminal.table(items, [
    { title: 'REVISION', value: ({ revision }) => String(revision), align: 'right' },
    { title: 'WHEN', value: ({ time }) => new Date(time).toISOString().slice(0, 16).replace('T', ' ') },
    {
      title: 'VARIANTS',
      value: ({ state, variants }) =>
        state === 'stopped'
          ? 'stopped'
          : variants.map(({ name, version, weight }) => `${name} v${version} ${weight} %`).join(', '),
    },
    { title: 'WHO', value: ({ actor }) => actor },
    {
      title: 'WHY',
      value: ({ reason, answered }) => (answered ? reason : `${reason} (never answered)`),
      shrink: true,
    },
  ])
}

export function printRollouts({ terminal }: Out, items: readonly RolloutView[]): void {
  terminal.table(items, [
    {
      title: 'STARTED',
      value: ({ startedAt }) => new Date(startedAt).toISOString().slice(0, 16).replace('T', ' '),
    },
    { title: 'STRATEGY', value: ({ strategy }) => strategies[strategy] },
    { title: 'TRIED', value: ({ candidates }) => candidates.map(({ version }) => `v${version}`).join(', ') },
    { title: 'STATE', value: ({ state }) => state.replace('_', ' ') },
    {
      title: 'TOOK',
      value: ({ startedAt, endedAt }) =>
        endedAt === undefined ? '' : formatDuration(Math.max(0, endedAt - startedAt)),
      align: 'right',
    },
    { title: 'LAST VERDICT', value: ({ verdict }) => verdict?.reason ?? '', shrink: true },
  ])
}
