import { defineSection, type ParsedSections, type ReferenceIssue } from '#lifecycle/project/index'
import { endpointsOf } from '#lifecycle/serving/contract'
import { monitorsSchema, type Monitor } from './settings.ts'

export const monitorsSection = defineSection({
  name: 'monitors',
  summary: 'Monitors: when a deployment has drifted or decayed, and what follows from it.',
  schema: monitorsSchema,
  example: `monitors:
  returns:
    window: 7d
    drift: { threshold: 0.1 }
    performance:
      - { metric: calibration_gap, within: 0.05, minimum_labels: 500, for: 2 }
      - { metric: roc_auc, at_least: 0.6, for: 2 }
    retraining: { pipeline: train, when: [performance], unless_firing: [drift], cool_down: 28d }
    canary: { metric: log_loss, margin: 0.02, minimum_labels: 2000 }
`,
  reads: ['deployments', 'batch_scoring', 'pipelines'],
  check(all) {
    const deployments = [
      ...Object.keys(endpointsOf(all['deployments'] as Parameters<typeof endpointsOf>[0])),
      ...namesOf(all, 'batch_scoring'),
    ]
    const pipelines = namesOf(all, 'pipelines')
    return Object.entries(all.monitors).flatMap(([name, monitor]) => [
      ...(deployments.includes(name) ? [] : [unknownDeployment(name, deployments)]),
      ...unknownPipeline(name, monitor, pipelines),
      ...deafTriggers(name, monitor),
    ])
  },
})

function namesOf(all: ParsedSections, section: string): string[] {
  return Object.keys(all[section] ?? {})
}

function unknownDeployment(name: string, known: readonly string[]): ReferenceIssue {
  return {
    path: ['monitors', name],
    message: `no deployment is called "${name}"`,
    hint: 'A monitor has the name of the deployment or batch that it watches, or NAME.ENVIRONMENT.',
    target: 'key',
    unknown: { name, known },
  }
}

function unknownPipeline(name: string, { retraining }: Monitor, known: readonly string[]): ReferenceIssue[] {
  if (retraining === undefined || known.includes(retraining.pipeline)) return []
  const { pipeline } = retraining
  const path = ['monitors', name, 'retraining', 'pipeline']
  return [{ path, message: `no pipeline is called "${pipeline}"`, unknown: { name: pipeline, known } }]
}

/** A policy that waits for alerts which this monitor never raises. */
function deafTriggers(name: string, { retraining, drift, performance }: Monitor): ReferenceIssue[] {
  const raised = { drift: drift !== false, performance: performance.length > 0 }
  return (retraining?.when ?? []).flatMap((kind, index) =>
    raised[kind]
      ? []
      : [
          {
            path: ['monitors', name, 'retraining', 'when', index],
            message: `waits for ${kind} alerts, but this monitor has no ${kind} rules`,
            hint: kind === 'drift' ? 'Remove `drift: false`.' : 'Add a rule under `performance`.',
          },
        ],
  )
}
