import { fail } from '#contract/errors'
import type {
  ExplainAsked,
  ExplainedRows,
  ModelExplainer,
  RowBatch,
} from '#lifecycle/serving/model-runtime-point'
import { createGiveWay } from '#platform/give-way'
import { createProgramRunner, type ParsedModel, type ScoreValue } from '../compiled/index.ts'
import { candidateValues } from './candidate-values.ts'
import { matrixExplainer, type MatrixExplainer, type Rows } from './matrix-explainer.ts'
import { rawColumns } from './raw-columns.ts'
import { usualRow } from './usual-row.ts'

/** Relative to scores beyond one; more is a fault here, and nothing is answered. */
const additivityLimit = 1e-6

/** @param fields how many the signature has */
export function createModelExplainer(model: ParsedModel, fields: number): ModelExplainer {
  const matrixOf = matrixReader(model)
  /** Most requests compare with the same examples; the way through the trees is prepared once for them. */
  let prepared:
    | { readonly background: RowBatch | undefined; readonly explainer: MatrixExplainer | undefined }
    | undefined
  const explainerFor = (background: RowBatch | undefined): MatrixExplainer | undefined => {
    if (prepared === undefined || prepared.background !== background)
      prepared = { background, explainer: matrixExplainer(model, backgroundRows(background)) }
    return prepared.explainer
  }
  const backgroundRows = (background: RowBatch | undefined): Rows =>
    background === undefined
      ? { matrix: usualRow(model), count: 1 }
      : { matrix: matrixOf(background), count: background.rows }
  let candidates: ReturnType<ModelExplainer['candidates']> | undefined
  return {
    classes: model.classes,
    candidates: () => (candidates ??= candidateValues(model)),
    explain: async (batch, asked) => {
      const values = model.scores.find(({ name }) => name === asked.output)?.values
      const explainer = values === undefined ? undefined : explainerFor(asked.background)
      if (values === undefined || explainer === undefined) return undefined
      return explainRows({ model, matrix: matrixOf(batch), explainer, values, fields }, batch.rows, asked)
    },
  }
}

/** The steps up to the predictor, made ready once: the trees themselves are walked here. */
function matrixReader({ program, columns }: ParsedModel): (batch: RowBatch) => Numbers {
  const { matrix, predictorStep } = program
  const runner = createProgramRunner({ ...program, steps: program.steps.slice(0, predictorStep) })
  return (batch) => (runner.run(batch)[matrix] as Numbers).slice(0, batch.rows * columns.length)
}

type Numbers = Float32Array | Float64Array

interface Explaining {
  readonly model: ParsedModel
  readonly matrix: Numbers
  readonly explainer: MatrixExplainer
  readonly values: readonly ScoreValue[]
  readonly fields: number
}

async function explainRows(
  { model, matrix, explainer, values, fields }: Explaining,
  rows: number,
  { places, background, deadlineAt = Infinity }: ExplainAsked,
): Promise<ExplainedRows> {
  const width = model.columns.length
  const columns = rawColumns(model)
  const base = new Float64Array(rows)
  const raw = new Float64Array(rows)
  const contributions = new Float64Array(rows * fields)
  const additivityErrors = new Float64Array(rows)
  const byColumn = new Float64Array(width)
  const bases = new Map<number, number>()
  const giveWay = createGiveWay()
  for (let row = 0; row < rows; row++) {
    const waited = giveWay()
    if (waited !== undefined) {
      await waited
      if (performance.now() > deadlineAt) fail('timed_out', `${row} of ${rows} rows were explained in time.`)
    }
    const value = values[places[row] ?? 0] ?? fail('internal', 'There is no such value of the output.')
    const { target, offset, complement, link } = value
    const sign = complement === 'none' ? 1 : -1
    // The other class of a chance that has no link is what is left of one.
    const constant = sign * offset + (complement === 'one_minus' && link === 'identity' ? 1 : 0)
    let start = bases.get(target)
    if (start === undefined) bases.set(target, (start = explainer.base(target)))
    byColumn.fill(0)
    const score = explainer.explain({ matrix, start: row * width }, { target, values: byColumn })
    if (!Number.isFinite(score)) {
      fail('invalid_input', `Row ${row} has the score ${score}, which cannot be explained.`, {
        hint: 'A field is missing that the model cannot do without.',
      })
    }
    if (sign === -1) for (let i = 0; i < width; i++) byColumn[i] = -(byColumn[i] as number)
    const unowned = columns.sum(byColumn, contributions, row * fields)
    base[row] = sign * start + constant + unowned
    raw[row] = sign * score + constant
    let sum = base[row] as number
    for (let field = 0; field < fields; field++) sum += contributions[row * fields + field] as number
    const error = Math.abs(sum - (raw[row] as number))
    if (!(error <= additivityLimit * Math.max(1, Math.abs(raw[row] as number))))
      fail('internal', `The contributions of row ${row} add up to ${sum}, and its score is ${raw[row]}.`)
    additivityErrors[row] = error
  }
  const { predictor } = model
  const fromTraining = predictor.kind === 'trees' && predictor.cover !== undefined
  return {
    method: explainer.method,
    scale: scaleOf(values[0] as ScoreValue),
    comparedWith: fromTraining ? 'training_data' : background === undefined ? 'usual_row' : 'examples',
    base,
    raw,
    contributions,
    additivityErrors,
  }
}

function scaleOf({ link }: ScoreValue): ExplainedRows['scale'] {
  if (link === 'logistic') return 'log_odds'
  return link === 'identity' ? 'output' : 'class_score'
}
