import type { EvaluationResult } from '#lifecycle/evaluation/index'
import type { Lineage } from './contract.ts'

export interface ModelCardInput {
  readonly name: string
  readonly description: string
  readonly evaluation: EvaluationResult
  readonly lineage: Lineage
  /** The evaluation report as Markdown. */
  readonly summary: string
}

/** A model card (Mitchell et al. 2019, "Model Cards for Model Reporting") of what the program knows; Markdown. */
export function modelCard({ name, description, evaluation, lineage, summary }: ModelCardInput): string {
  const { winner, candidates, selectedBy } = evaluation
  const inputs = winner.signature.inputs.map(
    ({ name: column, type, required }) => `\`${column}\` (${type}${required ? '' : ', may be missing'})`,
  )
  const commit = lineage.code?.commit
  return [
    `# Model card: ${name}`,
    description,
    '## Model',
    [
      `- Kind: ${winner.trainer}, the best of ${candidates.length} candidates by ${selectedBy}`,
      `- Run: ${winner.runId}`,
      `- Takes: ${inputs.join(', ')}`,
      `- Gives: ${winner.signature.outputs.map(({ name: column, type }) => `\`${column}\` (${type})`).join(', ')}`,
    ].join('\n'),
    '## Data and code',
    [
      ...lineage.datasets.map(
        ({ name: dataset, version, digest, role }) =>
          `- ${role ?? 'used'}: ${dataset}${version === '' ? '' : `@${version}`}, ${digest}`,
      ),
      `- Code: ${commit === undefined || commit === null ? 'not in a Git repository' : `${commit}${lineage.code?.dirty === true ? ', with changes' : ''}`}`,
      ...Object.entries(lineage.parameters).map(([parameter, value]) => `- Parameter ${parameter}: ${value}`),
    ].join('\n'),
    '## Limits',
    'It was measured on the period and slices below and on nothing else. What lies outside the ranges of its training data was not tried.',
    summary.replaceAll(/^#/gm, '##'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}
