import { fail } from '#contract/errors'
import type { ExplainedRows } from '#lifecycle/serving/model-runtime-point'
import type { LinearPredictor, ParsedModel, TreePredictor } from '../compiled/index.ts'
import { interventional } from './interventional.ts'
import { leafPaths, type LeafPaths } from './leaf-paths.ts'
import { pathDependent } from './path-dependent.ts'
import { treeAnswers, walkedScore } from './tree-answers.ts'

/** Rows of a matrix, row by row. */
export interface Rows {
  readonly matrix: ArrayLike<number>
  readonly count: number
}

/** Explains one row of the matrix after the other, by its columns. */
export interface MatrixExplainer {
  readonly method: ExplainedRows['method']
  base(target: number): number
  /** Adds the contributions to `values` and answers the raw score, which was computed in another way. */
  explain(row: { readonly matrix: ArrayLike<number>; readonly start: number }, asked: RowAsked): number
}

export interface RowAsked {
  readonly target: number
  /** By column of the matrix; filled with zeros by the caller. */
  readonly values: Float64Array
}

/**
 * The best way for a predictor: shares of the training rows where the graph has them, and else a background. Undefined when
 * there is none: leaves that are not added up, or trees too deep.
 */
export function matrixExplainer(
  { predictor, columns }: Pick<ParsedModel, 'predictor' | 'columns'>,
  background: Rows,
): MatrixExplainer | undefined {
  if (background.count === 0) return fail('internal', 'There is no row to compare with.')
  if (predictor.kind === 'linear') return linearExplainer(predictor, columns.length, background)
  const paths = leafPaths(predictor)
  return paths === undefined ? undefined : treeMatrixExplainer(predictor, paths, background)
}

function treeMatrixExplainer(
  trees: TreePredictor,
  paths: LeafPaths,
  { matrix, count }: Rows,
): MatrixExplainer | undefined {
  const answersOf = treeAnswers(trees)
  const nodes = trees.feature.length
  const othersAnswers = (): Uint8Array[] =>
    Array.from({ length: count }, (_, row) => {
      const answers = new Uint8Array(nodes)
      answersOf(matrix, (row * matrix.length) / count, answers)
      return answers
    })
  const explainer = trees.cover === undefined ? interventional(paths, othersAnswers()) : pathDependent(paths)
  if (explainer === undefined) return undefined
  const answers = new Uint8Array(nodes)
  return {
    method: trees.cover === undefined ? 'interventional_tree_shap' : 'tree_shap',
    base: (target) => explainer.base(target) + (trees.base[target] as number),
    explain: (row, { target, values }) => {
      answersOf(row.matrix, row.start, answers)
      explainer.add(answers, target, values)
      return walkedScore(trees, answers, target)
    },
  }
}

/** Shapley values of a linear form: coefficient × (value - mean of the background), for columns that vary on their own. */
function linearExplainer(
  { coefficients, base }: LinearPredictor,
  columns: number,
  { matrix, count }: Rows,
): MatrixExplainer {
  const means = Float64Array.from({ length: columns }, (_, column) => {
    let sum = 0
    for (let row = 0; row < count; row++) sum += matrix[row * columns + column] as number
    return sum / count
  })
  const score = (row: ArrayLike<number>, start: number, target: number): number => {
    let sum = base[target] as number
    for (let column = 0; column < columns; column++)
      sum += (row[start + column] as number) * (coefficients[target * columns + column] as number)
    return sum
  }
  return {
    method: 'linear_shap',
    base: (target) => score(means, 0, target),
    explain: ({ matrix: rows, start }, { target, values }) => {
      for (let column = 0; column < columns; column++) {
        const coefficient = coefficients[target * columns + column] as number
        values[column] =
          (values[column] as number) +
          coefficient * ((rows[start + column] as number) - (means[column] as number))
      }
      return score(rows, start, target)
    },
  }
}
