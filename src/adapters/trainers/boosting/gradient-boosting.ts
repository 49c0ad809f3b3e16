import { createRandom } from '#platform/random'
import type { Random } from '#platform/random'
import type { Fit, FitInput, HistoryPoint, Trainer, TrainingTable } from '#lifecycle/training/index'
import { binRows, labelRows, mergeEqualRows } from './binned-rows.ts'
import type { LabelledRows } from './binned-rows.ts'
import { addTrees, scoreEnsemble } from './ensemble.ts'
import type { Ensemble } from './ensemble.ts'
import { ensembleGraph } from './ensemble-graph.ts'
import { boostingParameters, foreignNames } from './boosting-parameters.ts'
import type { BoostingParameters } from './boosting-parameters.ts'
import { fitBins } from './feature-bins.ts'
import type { FeatureBins } from './feature-bins.ts'
import { objectiveOf } from './objective.ts'
import type { Objective } from './objective.ts'
import { TreeGrower } from './tree-grower.ts'
import type { Tree } from './tree-grower.ts'

export const gradientBoosting: Trainer<BoostingParameters, Ensemble> = {
  name: 'gradient-boosting',
  summary: 'Histogram gradient boosting of leaf-wise trees, with category sets and missing values',
  tasks: ['binary', 'regression'],
  parameters: boostingParameters,
  foreignNames,
  fit,
  score: scoreEnsemble,
  toGraph: ensembleGraph,
}

interface Boosting {
  readonly bins: readonly FeatureBins[]
  readonly rows: LabelledRows
  readonly validation: LabelledRows | undefined
  readonly objective: Objective
  readonly baseScore: number
  readonly random: Random
}

function fit(input: FitInput<BoostingParameters>): Fit<Ensemble> {
  const random = createRandom(input.seed)
  const limits = { maxBin: input.parameters.max_bins, maxCategories: input.parameters.max_categories }
  const bins = fitBins(input.table, limits, random.fork('bins'))
  const prepare = (table: TrainingTable): LabelledRows => labelRows(binRows(table, bins), table)
  const all = prepare(input.table)
  // Bagging draws rows of the table, so there it must see each of them.
  const rows = input.parameters.row_fraction < 1 ? all : mergeEqualRows(all)
  const validation = input.validation === undefined ? undefined : mergeEqualRows(prepare(input.validation))
  const objective = objectiveOf(input.task)
  const baseScore = Math.fround(objective.baseScore(rows))
  const { trees, history } = boost({ bins, rows, validation, objective, baseScore, random }, input)
  const importance = bins.map(({ name }, f) => ({ feature: name, gain: gainOf(trees, f) }))
  return { state: { task: input.task, bins, baseScore, trees }, importance, history }
}

function boost(
  { bins, rows, validation, objective, baseScore, random }: Boosting,
  { parameters, onProgress }: FitInput<BoostingParameters>,
): { trees: Tree[]; history: HistoryPoint[] } {
  const grower = new TreeGrower(rows, bins, growLimitsOf(parameters))
  const drawRows = rowDraw(rows.rows, parameters.row_fraction, random.fork('bagging'))
  const drawFeatures = featureDraw(bins.length, parameters.feature_fraction, random.fork('features'))
  const scores = new Float64Array(rows.rows).fill(baseScore)
  const validationScores = new Float64Array(validation?.rows ?? 0).fill(baseScore)
  const pairs = new Float64Array(2 * rows.rows)
  const trees: Tree[] = []
  const history: HistoryPoint[] = []
  const drawsNothing = parameters.row_fraction === 1 && parameters.feature_fraction === 1
  let best = { loss: Infinity, iteration: 0 }
  for (let iteration = 1; iteration <= parameters.trees; iteration++) {
    objective.gradients(rows, scores, pairs)
    const order = drawRows()
    const { tree, leaves } = grower.grow({ pairs, order, usable: drawFeatures() })
    // Nothing left to learn, and nothing drawn that could change it; a model has at least one tree all the same.
    if (tree.nodes.length === 1 && trees.length > 0 && drawsNothing) break
    trees.push(tree)
    if (parameters.row_fraction < 1) addTrees([tree], rows, scores)
    else for (const leaf of leaves) raise(scores, order, leaf)
    const metrics: Record<string, number> = {}
    // The loss of the training rows is only shown, never used: every tenth iteration is enough.
    if (iteration % 10 === 0 || iteration === parameters.trees)
      metrics[`training_${objective.metric}`] = objective.loss(rows, scores)
    if (validation !== undefined) {
      addTrees([tree], validation, validationScores)
      const loss = objective.loss(validation, validationScores)
      metrics[`validation_${objective.metric}`] = loss
      if (loss < best.loss) best = { loss, iteration }
    }
    for (const [metric, value] of Object.entries(metrics)) history.push({ metric, step: iteration, value })
    onProgress?.({ iteration, iterations: parameters.trees, metrics })
    const patience = parameters.early_stopping_trees
    if (validation !== undefined && patience > 0 && iteration - best.iteration >= patience) break
  }
  const stopped = validation !== undefined && parameters.early_stopping_trees > 0
  return { trees: stopped ? trees.slice(0, best.iteration) : trees, history }
}

function growLimitsOf(parameters: BoostingParameters): ConstructorParameters<typeof TreeGrower>[2] {
  return {
    leaves: parameters.leaves,
    maxDepth: parameters.max_depth,
    learningRate: parameters.learning_rate,
    l2: parameters.l2,
    minGain: parameters.min_gain,
    minRows: parameters.min_leaf_rows,
    minHessian: parameters.min_leaf_hessian,
    categoryL2: parameters.category_l2,
    categorySmoothing: parameters.category_smoothing,
    maxCategorySet: parameters.max_category_set,
    minRowsPerSet: parameters.min_category_set_rows,
  }
}

function raise(
  scores: Float64Array,
  order: Int32Array,
  { begin, end, value }: { readonly begin: number; readonly end: number; readonly value: number },
): void {
  for (let i = begin; i < end; i++) {
    const row = order[i] as number
    scores[row] = (scores[row] as number) + value
  }
}

/** All rows in order, or a fresh sample without replacement for every tree (Friedman 2002). */
function rowDraw(rows: number, fraction: number, random: Random): () => Int32Array {
  const order = new Int32Array(rows)
  return () => {
    let taken = 0
    for (let row = 0; row < rows; row++)
      if (fraction === 1 || random.uniform() < fraction) order[taken++] = row
    return order.subarray(0, taken)
  }
}

function featureDraw(features: number, fraction: number, random: Random): () => Uint8Array {
  const wanted = Math.max(1, Math.round(features * fraction))
  return () => {
    const usable = new Uint8Array(features)
    if (wanted === features) return usable.fill(1)
    for (let taken = 0; taken < wanted;) {
      const f = random.below(features)
      if (usable[f] === 1) continue
      usable[f] = 1
      taken++
    }
    return usable
  }
}

function gainOf(trees: readonly Tree[], feature: number): number {
  let gain = 0
  for (const { nodes } of trees)
    for (const node of nodes) if ('split' in node && node.split.feature === feature) gain += node.split.gain
  return gain
}
