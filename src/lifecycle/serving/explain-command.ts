import type { Command, CommandContext } from '#platform/terminal/index'
import type { DeploymentView } from './contract.ts'
import type { ExplainAnswer } from './explain-client.ts'

type Explanation = ExplainAnswer['explanations'][number]

export const explainCommand: Command = {
  name: 'explain',
  summary: 'Say why an endpoint answers as it does: what raised the score, what lowered it',
  arguments: [
    { name: 'NAME', summary: 'the deployment, as in devmlops.yaml', required: true },
    { name: 'FIELD=VALUE', summary: 'the inputs of one row', many: true },
  ],
  options: {
    prediction: {
      type: 'string',
      value: 'ID',
      summary: 'A logged prediction, by the version that answered it',
    },
    file: { type: 'string', value: 'FILE', summary: 'Rows from a JSON file: a list of objects' },
    class: { type: 'string', value: 'LABEL', summary: 'Of this class; of the one that won, when left out' },
    counterfactual: { type: 'boolean', summary: 'Also a small change that would give another answer' },
    below: { type: 'number', summary: 'With --counterfactual: an answer below this' },
    above: { type: 'number', summary: 'With --counterfactual: an answer from this on' },
    fixed: {
      type: 'string',
      value: 'FIELD',
      multiple: true,
      summary: 'With --counterfactual: stays as it is',
    },
  },
  examples: [
    {
      line: 'devmlops explain flight-delays hour=18 distance=954 origin=ORD destination=EWR',
      what: 'What made this row as likely as it is',
    },
    {
      line: 'devmlops explain flight-delays --prediction 0199… --counterfactual --below 0.3',
      what: 'Why a logged prediction came out as it did, and what would have to be different',
    },
  ],
  run: async (context) => {
    const { servingContract } = await import('./contract.ts')
    const { requestExplanations } = await import('./explain-client.ts')
    const client = await context.client(servingContract)
    const name = context.arguments.required('NAME')
    const deployment: DeploymentView = await client.get({ name })
    const id = context.options.text('prediction')
    const logged = id === undefined ? undefined : await client.prediction({ id })
    const { readRows } = await import('./predict-client.ts')
    const rows =
      logged === undefined
        ? await readRows(context.arguments.many('FIELD=VALUE'), context.options.text('file'))
        : [logged.inputs]
    const answer = await requestExplanations(deployment, {
      rows,
      logged,
      class: context.options.text('class'),
      counterfactual: counterfactualOf(context),
    })
    if (context.json) return context.terminal.json(answer)
    for (const explanation of answer.explanations) printExplanation(context, answer, explanation)
  },
}

function counterfactualOf({ options }: CommandContext) {
  const [below, above] = [options.number('below'), options.number('above')]
  if (!options.flag('counterfactual') && below === undefined && above === undefined) return undefined
  const target =
    below !== undefined
      ? { probability_below: below }
      : above !== undefined
        ? { probability_above: above }
        : ('other' as const)
  return { target, fixed: options.list('fixed') }
}

const barCells = 16
const methodWords: Readonly<Record<string, string>> = {
  tree_shap: 'exact, by the training rows in its trees',
  interventional_tree_shap: 'exact',
  linear_shap: 'exact',
  sampled_shapley: 'sampled',
}

function printExplanation(
  { terminal }: CommandContext,
  { model, version }: ExplainAnswer,
  explanation: Explanation,
): void {
  const { score, output, contributions, method, scale, base_value: base, permutations } = explanation
  const { counterfactual } = explanation
  const label = explanation.class === undefined ? '' : ` of ${explanation.class}`
  terminal.print(`${terminal.style(`${output}${label} ${score.toFixed(4)}`, 'bold')}  ${model} v${version}`)
  const largest = Math.max(...contributions.map(({ contribution }) => Math.abs(contribution)))
  const hasErrors = contributions.some(({ standard_error: error }) => error !== undefined)
  terminal.table(contributions, [
    { title: 'FIELD', value: ({ field }) => field },
    { title: 'VALUE', value: ({ value }) => (value === null ? 'missing' : String(value)), shrink: true },
    {
      title: scale === 'log_odds' ? 'LOG-ODDS' : 'SCORE',
      value: ({ contribution }) => signed(contribution, 3),
      align: 'right',
    },
    ...(hasErrors
      ? [
          {
            title: 'ERROR',
            value: ({ standard_error: error }: Explanation['contributions'][number]) =>
              error === undefined ? '' : `± ${error.toFixed(3)}`,
            align: 'right' as const,
          },
        ]
      : []),
    {
      title: 'POINTS',
      value: ({ points }) => (points === undefined ? '' : signed(points, 1)),
      align: 'right',
    },
    { title: '', value: ({ contribution }) => barOf(contribution / (largest || 1)) },
  ])
  const sampled = permutations === undefined ? '' : ` in ${permutations} permutations`
  terminal.print(
    `From ${base.toFixed(3)} (${comparedWords[explanation.compared_with] ?? ''}) to ${explanation.raw_score.toFixed(3)}; ${methodWords[method] ?? method}${sampled}.`,
  )
  if (counterfactual !== undefined) terminal.print(counterfactual.reason)
}

const comparedWords: Readonly<Record<string, string>> = {
  training_data: 'the training data',
  examples: 'the mean of the examples of the model',
  usual_row: 'a usual row, as the model has no examples',
  empty_row: 'an empty row, as the model has no examples',
}

/** To the left of the middle what lowers, to the right what raises. */
function barOf(share: number): string {
  const cells = Math.round((Math.abs(share) * barCells) / 2)
  const half = barCells / 2
  return share < 0
    ? `${' '.repeat(half - cells)}${'█'.repeat(cells)}│`
    : `${' '.repeat(half)}│${'█'.repeat(cells)}`
}

function signed(value: number, digits: number): string {
  return `${value > 0 ? '+' : ''}${value.toFixed(digits)}`
}
