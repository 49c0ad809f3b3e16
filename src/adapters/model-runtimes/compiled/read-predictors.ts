import { notCovered } from './node-reading.ts'
import type { Link, LinearPredictor, MatrixColumn, ScoreValue, TreePredictor } from './parsed-model.ts'
import { readNamedTrees } from './named-trees.ts'
import { readNumberedTrees } from './numbered-trees.ts'
import { postOf, type PostTransform } from './tree-parts.ts'
import { sourcesOf, type NodeCall, type RowsWire, type Wire } from './wires.ts'

/** What a predictor's node gives, in the order of its outputs, and its labels. */
export interface PredictorWires {
  readonly outputs: readonly Wire[]
  readonly classes?: readonly (string | number)[] | undefined
}

export const predictorReaders: Readonly<Record<string, (call: NodeCall) => PredictorWires>> = {
  TreeEnsemble: (call) => {
    const { predictor, post } = readNumberedTrees(call.node)
    return { outputs: [finished(call, treeStep(call, predictor), { post, targets: predictor.targets })] }
  },
  TreeEnsembleRegressor: (call) => {
    const { predictor, post } = readNamedTrees(call.node)
    return { outputs: [finished(call, treeStep(call, predictor), { post, targets: predictor.targets })] }
  },
  TreeEnsembleClassifier: (call) => {
    const labels = labelsOf(call)
    const { predictor, post, isBinary, isPositive } = readNamedTrees(call.node, labels.length)
    const raw = treeStep(call, predictor)
    if (isBinary && isPositive && post !== 'NONE') notCovered('a chance that is transformed again')
    const above = isBinary ? (isPositive ? 0.5 : 0) : undefined
    return classified(call, raw, { post, labels, above, isPositive })
  },
  /** The form in which training writes a linear model: every column's part is computed, then all are added. */
  Sum: (call) => {
    const places = call.node.input.map((_, place) => place)
    const parts = places.filter((place) => call.input(place).kind === 'rows').map((place) => call.rows(place))
    const added = places
      .filter((place) => call.input(place).kind === 'constant')
      .flatMap((place) => call.numbers(place) ?? [])
    const [first] = parts
    if (first === undefined || parts.some(({ columns, type }) => columns.length !== 1 || type !== first.type))
      return notCovered('a Sum of matrices')
    if (added.length > places.length - parts.length) return notCovered('a Sum with a matrix')
    const columns = parts.flatMap((part) => part.columns)
    const joined = call.writer.write({ type: first.type, rank: 2, columns }, (to) => ({
      kind: 'join',
      from: parts.map(({ slot }) => slot),
      to,
    }))
    const predictor: LinearPredictor = {
      kind: 'linear',
      targets: 1,
      coefficients: new Float64Array(columns.length).fill(1),
      base: Float64Array.of(added.reduce((sum, value) => sum + value, 0)),
    }
    return { outputs: [linearStep(call, joined, predictor)] }
  },
  LinearRegressor: (call) => {
    const predictor = linearOf(call, call.attributes.integer('targets', 1))
    const post = postOf(call.attributes.text('post_transform', 'NONE'))
    return {
      outputs: [
        finished(call, linearStep(call, call.rows(0), predictor), { post, targets: predictor.targets }),
      ],
    }
  },
  LinearClassifier: (call) => {
    const labels = labelsOf(call)
    const predictor = linearOf(call, labels.length)
    const post = postOf(call.attributes.text('post_transform', 'NONE'))
    const raw = linearStep(call, call.rows(0), predictor)
    return classified(call, raw, { post, labels, above: undefined, isPositive: false })
  },
  MatMul: (call) => {
    const weights = constantMatrix(call, 1)
    const predictor = transposed(weights)
    return { outputs: [linearStep(call, call.rows(0), predictor)] }
  },
  Gemm: (call) => {
    const { attributes } = call
    const weights = constantMatrix(call, 1)
    if (attributes.integer('transA', 0) !== 0) notCovered('Gemm of transposed rows')
    const alpha = attributes.float('alpha', 1)
    const beta = attributes.float('beta', 1)
    const form =
      attributes.integer('transB', 0) === 1
        ? { targets: weights.dims[0] as number, coefficients: weights.values }
        : transposed(weights)
    const added = call.numbers(2) ?? [0]
    if (added.length !== 1 && added.length !== form.targets) notCovered('Gemm with a matrix added')
    const predictor: LinearPredictor = {
      kind: 'linear',
      targets: form.targets,
      coefficients: form.coefficients.map((value) => value * alpha),
      base: Float64Array.from(
        { length: form.targets },
        (_, t) => beta * ((added.length === 1 ? added[0] : added[t]) ?? 0),
      ),
    }
    return { outputs: [linearStep(call, call.rows(0), predictor)] }
  },
}

function labelsOf({ attributes, node }: NodeCall): readonly (string | number)[] {
  return (
    attributes.texts('classlabels_strings') ??
    attributes.integers('classlabels_int64s') ??
    attributes.integers('classlabels_ints') ??
    notCovered(`${node.opType} without labels`)
  )
}

function rawColumns(wire: RowsWire, targets: number): MatrixColumn[] {
  const inputs = sourcesOf(wire.columns)
  return Array.from({ length: targets }, (_, t) => ({ name: `score ${t}`, inputs }))
}

function treeStep(call: NodeCall, predictor: TreePredictor): RowsWire {
  const wire = call.rows(0)
  if (wire.rank !== 2) notCovered('trees of a list')
  if (wire.type !== 'float' && wire.type !== 'double') notCovered(`trees of ${wire.type}`)
  if (predictor.feature.some((feature) => feature >= wire.columns.length))
    notCovered('a branch on a column that is not there')
  const columns = rawColumns(wire, predictor.targets)
  return call.writer.write({ type: 'float', rank: 2, columns }, (to) => ({
    kind: 'trees',
    from: wire.slot,
    to,
    predictor,
  }))
}

function linearStep(call: NodeCall, wire: RowsWire, predictor: LinearPredictor): RowsWire {
  if (wire.rank !== 2 || wire.type === 'text') notCovered('a linear form of a list')
  if (predictor.coefficients.length !== predictor.targets * wire.columns.length)
    notCovered('coefficients of another number than the columns')
  if (wire.type !== 'float' && wire.type !== 'double') notCovered(`a linear form of ${wire.type}`)
  return call.writer.write(
    { type: wire.type, rank: 2, columns: rawColumns(wire, predictor.targets) },
    (to) => ({ kind: 'linear', from: wire.slot, to, predictor }),
  )
}

function linearOf({ attributes }: NodeCall, targets: number): LinearPredictor {
  const coefficients = Float64Array.from(attributes.floats('coefficients') ?? [])
  const base = attributes.floats('intercepts') ?? Array.from({ length: targets }, () => 0)
  // One score for two classes exists too; what onnxruntime makes of it depends on more than the standard says.
  if (base.length !== targets) notCovered('intercepts of another number than the classes')
  return { kind: 'linear', targets, coefficients, base: Float64Array.from(base) }
}

function constantMatrix(call: NodeCall, place: number): { dims: readonly number[]; values: Float64Array } {
  const wire = call.input(place)
  if (wire.kind !== 'constant' || wire.constant.type === 'text' || wire.constant.dims.length !== 2)
    return notCovered('a product of two computed matrices')
  return wire.constant
}

function transposed({ dims, values }: { dims: readonly number[]; values: Float64Array }): LinearPredictor {
  const [columns = 0, targets = 0] = dims
  const coefficients = new Float64Array(values.length)
  for (let c = 0; c < columns; c++)
    for (let t = 0; t < targets; t++) coefficients[t * columns + c] = values[c * targets + t] as number
  return { kind: 'linear', targets, coefficients, base: new Float64Array(targets) }
}

const links: Readonly<Record<Exclude<PostTransform, 'PROBIT'>, Link>> = {
  NONE: 'identity',
  LOGISTIC: 'logistic',
  SOFTMAX: 'softmax',
  SOFTMAX_ZERO: 'softmax_zero',
}

function finished(
  call: NodeCall,
  raw: RowsWire,
  { post, targets }: { post: PostTransform; targets: number },
): RowsWire {
  if (post === 'NONE') return raw
  if (post === 'PROBIT' || (targets === 1 && post !== 'LOGISTIC')) notCovered(`the post transform ${post}`)
  const values = Array.from({ length: targets }, (_, target): ScoreValue => ({
    target,
    offset: 0,
    link: links[post],
    complement: 'none',
  }))
  return finish(call, raw, values)
}

function finish(call: NodeCall, raw: RowsWire, values: readonly ScoreValue[]): RowsWire {
  const inputs = sourcesOf(raw.columns)
  const columns = values.map((_, i) => ({ name: `score ${i}`, inputs }))
  return call.writer.write({ type: raw.type, rank: 2, columns }, (to) => ({
    kind: 'finish',
    from: raw.slot,
    to,
    values,
  }))
}

interface Classes {
  readonly post: PostTransform
  readonly labels: readonly (string | number)[]
  /** The positive class has the only score, and wins above this. */
  readonly above: number | undefined
  /** That score is a chance already. */
  readonly isPositive: boolean
}

function classified(call: NodeCall, raw: RowsWire, classes: Classes): PredictorWires {
  const { post, labels, above, isPositive } = classes
  const [first] = labels
  const isText = typeof first === 'string'
  const label = call.writer.write(
    {
      type: isText ? 'text' : 'long',
      rank: 1,
      columns: [{ name: 'label', inputs: sourcesOf(raw.columns) }],
    },
    (to) => ({
      kind: 'classify',
      from: raw.slot,
      to,
      above,
      labels: isText ? labels.map(String) : Float64Array.from(labels, Number),
    }),
  )
  const scores =
    above === undefined
      ? finished(call, raw, { post, targets: labels.length })
      : finish(call, raw, binaryValues(post, isPositive))
  return { outputs: [label, scores], classes: labels }
}

function binaryValues(post: PostTransform, isPositive: boolean): ScoreValue[] {
  if (post !== 'NONE' && post !== 'LOGISTIC') notCovered(`the post transform ${post} of one score`)
  const link = links[post]
  return [
    { target: 0, offset: 0, link, complement: isPositive ? 'one_minus' : 'negated' },
    { target: 0, offset: 0, link, complement: 'none' },
  ]
}
