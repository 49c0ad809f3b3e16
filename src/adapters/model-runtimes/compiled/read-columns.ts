import { elementType } from '#platform/onnx/index'
import { notCovered } from './node-reading.ts'
import type { BinaryOperation, MatrixColumn, SlotType, UnaryOperation } from './parsed-model.ts'
import { sourcesOf, type ConstantWire, type NodeCall, type RowsWire, type Wire } from './wires.ts'

type Reader = (call: NodeCall) => Wire

const unary: Readonly<Record<string, UnaryOperation>> = {
  Sigmoid: 'sigmoid',
  Neg: 'negate',
  Abs: 'absolute',
  Exp: 'exp',
  Log: 'log',
  Sqrt: 'sqrt',
  Floor: 'floor',
  Ceil: 'ceil',
  Round: 'round',
  Sin: 'sin',
  Cos: 'cos',
  Tanh: 'tanh',
  Reciprocal: 'reciprocal',
  Relu: 'relu',
}

const arithmetic: Readonly<Record<string, BinaryOperation>> = {
  Add: 'add',
  Sub: 'subtract',
  Mul: 'multiply',
  Div: 'divide',
  Max: 'maximum',
  Min: 'minimum',
}

const comparisons: Readonly<Record<string, BinaryOperation>> = {
  Equal: 'equal',
  Greater: 'greater',
  GreaterOrEqual: 'greater_or_equal',
  Less: 'less',
  LessOrEqual: 'less_or_equal',
  And: 'and',
  Or: 'or',
}

/** Operators that work on columns one by one, or move them. */
export const columnReaders: Readonly<Record<string, Reader>> = {
  ...Object.fromEntries(Object.entries(unary).map(([name, operation]) => [name, readUnary(operation)])),
  ...Object.fromEntries(
    Object.entries(arithmetic).map(([name, operation]) => [name, readBinary(operation, undefined)]),
  ),
  ...Object.fromEntries(
    Object.entries(comparisons).map(([name, operation]) => [name, readBinary(operation, 'boolean')]),
  ),
  Identity: (call) => call.input(0),
  Dropout: (call) => call.input(0),
  Constant: ({ attributes }) => {
    const constant = attributes.tensor('value') ?? notCovered('a constant of another kind')
    return { kind: 'constant', constant }
  },
  Not: (call) => elementwise(call, 'not', 'boolean'),
  IsNaN: (call) => elementwise(call, 'is_nan', 'boolean'),
  Cast: readCast,
  Concat: (call) => join(call, concatAxis(call)),
  FeatureVectorizer: (call) => join(call, 'float'),
  Reshape: readReshape,
  Flatten: (call) => ({ ...call.rows(0), rank: 2 }),
  Squeeze: (call) => reranked(call.rows(0), (rank) => (rank === 1 ? undefined : 1)),
  Unsqueeze: (call) => reranked(call.rows(0), (rank) => (rank === 1 ? 2 : undefined)),
  Where: readWhere,
  Sum: (call) =>
    call.node.input
      .slice(1)
      .reduce<Wire>((sum, _, i) => binary(call, 'add', [sum, call.input(i + 1)]), call.input(0)),
  ArrayFeatureExtractor: (call) => pick(call, call.rows(0), call.numbers(1)),
  Gather: readGather,
  ReduceSum: readReduceSum,
  Softmax: (call) => {
    const wire = call.rows(0)
    const axis = call.attributes.integer('axis', -1)
    if (wire.rank !== 2 || (axis !== -1 && axis !== 1)) notCovered('Softmax of rows')
    return call.writer.write({ type: wire.type, rank: 2, columns: wire.columns }, (to) => ({
      kind: 'softmax',
      from: wire.slot,
      to,
    }))
  },
  Normalizer: (call) => {
    const wire = call.rows(0)
    if (call.attributes.text('norm', 'MAX') !== 'L1')
      notCovered('a Normalizer by something else than the sum')
    return call.writer.write({ type: 'float', rank: 2, columns: wire.columns }, (to) => ({
      kind: 'shares',
      from: wire.slot,
      to,
    }))
  },
  ArgMax: (call) => {
    const wire = call.rows(0)
    const axis = call.attributes.integer('axis', 0)
    if (wire.rank !== 2 || (axis !== 1 && axis !== -1)) notCovered('ArgMax of rows')
    if (call.attributes.integer('select_last_index', 0) !== 0) notCovered('ArgMax of the last')
    const rank = call.attributes.integer('keepdims', 1) === 1 ? 2 : 1
    const column = { name: 'class', inputs: sourcesOf(wire.columns) }
    return call.writer.write({ type: 'long', rank, columns: [column] }, (to) => ({
      kind: 'largest_column',
      from: wire.slot,
      to,
    }))
  },
}

function readUnary(operation: UnaryOperation): Reader {
  return (call) => {
    const { type } = call.rows(0)
    if (type !== 'float' && type !== 'double') notCovered(`${call.node.opType} of ${type}`)
    return elementwise(call, operation, type)
  }
}

function elementwise(call: NodeCall, operation: UnaryOperation, type: SlotType): RowsWire {
  const of = call.rows(0)
  return call.writer.write({ type, rank: of.rank, columns: of.columns }, (to) => ({
    kind: 'unary',
    operation,
    from: of.slot,
    to,
  }))
}

function readBinary(operation: BinaryOperation, type: SlotType | undefined): Reader {
  return (call) => {
    if (call.node.input.length !== 2) notCovered(`${call.node.opType} of more than two`)
    return binary(call, operation, [call.input(0), call.input(1)], type)
  }
}

function binary(
  call: NodeCall,
  operation: BinaryOperation,
  [left, right]: readonly [Wire, Wire],
  type?: SlotType,
): RowsWire {
  const operands = together(call, [left, right])
  const [first] = operands.types
  if (type === undefined && first !== 'float' && first !== 'double')
    notCovered(`${call.node.opType} of ${first}`)
  if (first === 'text' && operation !== 'equal') notCovered(`${call.node.opType} of text`)
  if (operands.types.some((each) => each !== first)) notCovered(`${call.node.opType} of two types`)
  const [a, b] = operands.slots as [number, number]
  return call.writer.write({ type: type ?? (first as SlotType), ...operands.shape }, (to) => ({
    kind: 'binary',
    operation,
    left: a,
    right: b,
    to,
  }))
}

function readWhere(call: NodeCall): RowsWire {
  const wires = [call.input(0), call.input(1), call.input(2)]
  const { slots, types, shape } = together(call, wires)
  if (types[1] !== types[2]) notCovered('Where with two types')
  const [condition, yes, no] = slots as [number, number, number]
  return call.writer.write({ type: types[1] as SlotType, ...shape }, (to) => ({
    kind: 'choose',
    condition,
    yes,
    no,
    to,
  }))
}

/** Operands that broadcast along the columns only: one value, or one for each column. */
function together(
  call: NodeCall,
  wires: readonly Wire[],
): { slots: number[]; types: SlotType[]; shape: Pick<RowsWire, 'rank' | 'columns'> } {
  const rows = wires.filter((wire): wire is RowsWire => wire.kind === 'rows')
  const [first] = rows
  if (first === undefined) return notCovered(`${call.node.opType} of constants`)
  const width = Math.max(
    ...wires.map((wire) => (wire.kind === 'rows' ? wire.columns.length : wire.constant.values.length)),
  )
  if (rows.some(({ rank }) => rank !== first.rank)) notCovered(`${call.node.opType} of different shapes`)
  for (const wire of wires) refuseBroadcast(call, wire, { width, rank: first.rank })
  const columns = Array.from({ length: width }, (_, c): MatrixColumn => {
    const met = rows.map((wire) => wire.columns[wire.columns.length === 1 ? 0 : c] as MatrixColumn)
    const names = new Set(met.map(({ name }) => name))
    return { name: [...names].join(','), inputs: sourcesOf(met) }
  })
  return {
    slots: wires.map((wire) => (wire.kind === 'rows' ? wire.slot : call.writer.constantSlot(wire.constant))),
    types: wires.map((wire) => (wire.kind === 'rows' ? wire.type : wire.constant.type)),
    shape: { rank: first.rank, columns },
  }
}

function refuseBroadcast(
  { node }: NodeCall,
  wire: Wire,
  { width, rank }: { width: number; rank: number },
): void {
  const own = wire.kind === 'rows' ? wire.columns.length : wire.constant.values.length
  if (own !== 1 && own !== width) notCovered(`${node.opType} of different widths`)
  if (wire.kind === 'rows') return
  const { dims } = wire.constant
  // One value may have any number of dimensions up to the other's; several must lie along the last.
  if (dims.length > rank || (own > 1 && (dims.at(-1) !== own || rank === 1)))
    notCovered(`${node.opType} with a constant of the shape [${dims.join(', ')}]`)
}

const castTypes: Readonly<Record<number, SlotType>> = {
  [elementType.float]: 'float',
  [elementType.double]: 'double',
  [elementType.int64]: 'long',
  [elementType.int32]: 'long',
  [elementType.bool]: 'boolean',
}

function readCast(call: NodeCall): Wire {
  const wire = call.input(0)
  const type = castTypes[call.attributes.integer('to', 0)] ?? notCovered('Cast to a type other than numbers')
  if (wire.kind === 'constant') return castConstant(wire, type)
  if (wire.type === 'text') notCovered('Cast of text')
  if (wire.type === type) return wire
  const whole = type === 'long' && wire.type !== 'boolean'
  return elementwise(call, whole ? 'truncate' : type === 'boolean' ? 'is_set' : 'copy', type)
}

function castConstant({ constant }: ConstantWire, type: SlotType): ConstantWire {
  if (constant.type === 'text' || type === 'text') return notCovered('Cast of text')
  const convert =
    type === 'float'
      ? Math.fround
      : type === 'long'
        ? Math.trunc
        : type === 'boolean'
          ? (x: number) => Number(x !== 0)
          : undefined
  const values = convert === undefined ? constant.values : constant.values.map(convert)
  return { kind: 'constant', constant: { type, dims: constant.dims, values } }
}

function concatAxis(call: NodeCall): undefined {
  const rank = call.rows(0).rank
  const axis = call.attributes.integer('axis', 0)
  if (rank === 1 || (axis !== rank - 1 && axis !== -1)) notCovered('Concat of rows')
}

function join(call: NodeCall, as: SlotType | undefined): RowsWire {
  const wires = call.node.input.map((_, place) => call.rows(place))
  const [first] = wires as [RowsWire]
  if (wires.length === 1 && (as === undefined || first.type === as)) return first
  if (wires.some(({ rank }) => rank !== first.rank)) notCovered('Concat of different shapes')
  if (wires.some(({ type }) => type !== first.type && as === undefined)) notCovered('Concat of two types')
  const columns = wires.flatMap((wire) => wire.columns)
  return call.writer.write({ type: as ?? first.type, rank: first.rank, columns }, (to) => ({
    kind: 'join',
    from: wires.map(({ slot }) => slot),
    to,
  }))
}

/** Only what leaves each row where it is. */
function readReshape(call: NodeCall): RowsWire {
  const wire = call.rows(0)
  const shape = call.numbers(1) ?? call.attributes.integers('shape') ?? []
  const width = wire.columns.length
  const [first, last] = shape
  if (shape.length === 1 && first === -1 && width === 1) return { ...wire, rank: 1 }
  if (shape.length === 2 && first === -1 && last === width) return { ...wire, rank: 2 }
  if (shape.length === 2 && first === 0 && (last === -1 || last === width)) return { ...wire, rank: 2 }
  return notCovered(`Reshape of ${width} columns to [${shape.join(', ')}]`)
}

function reranked(wire: RowsWire, change: (rank: number) => 1 | 2 | undefined): RowsWire {
  const rank = change(wire.rank)
  if (rank === undefined || wire.columns.length !== 1) return notCovered('a change of dimensions')
  return { ...wire, rank }
}

function pick(call: NodeCall, wire: RowsWire, indices: readonly number[] | undefined): RowsWire {
  const width = wire.columns.length
  const columns = Int32Array.from(indices ?? [], (index) => (index < 0 ? index + width : index))
  const found = Array.from(columns, (c) => wire.columns[c] ?? notCovered('a column that is not there'))
  if (found.length === 0 || wire.rank !== 2) notCovered(`${call.node.opType} of no columns`)
  return call.writer.write({ type: wire.type, rank: 2, columns: found }, (to) => ({
    kind: 'pick',
    from: wire.slot,
    to,
    columns,
  }))
}

/** Columns by constant numbers, or values of a constant by the number in each row. */
function readGather(call: NodeCall): RowsWire {
  const [data, indices] = [call.input(0), call.input(1)]
  const axis = call.attributes.integer('axis', 0)
  if (data.kind === 'rows') {
    const numbers = call.numbers(1)
    if (axis !== 1 && !(axis === -1 && data.rank === 2)) notCovered('Gather of rows')
    if (indices.kind === 'constant' && indices.constant.dims.length === 0) notCovered('Gather of one column')
    return pick(call, data, numbers)
  }
  const { constant } = data
  if (indices.kind !== 'rows' || constant.type === 'text' || constant.dims.length !== 1)
    return notCovered('Gather of a constant')
  return call.writer.write({ type: constant.type, rank: indices.rank, columns: indices.columns }, (to) => ({
    kind: 'look_up',
    from: indices.slot,
    to,
    table: constant.values,
  }))
}

function readReduceSum(call: NodeCall): RowsWire {
  const wire = call.rows(0)
  const axes = call.numbers(1) ?? call.attributes.integers('axes') ?? []
  if (wire.rank !== 2 || axes.length !== 1 || (axes[0] !== 1 && axes[0] !== -1))
    notCovered('ReduceSum of rows')
  if (wire.type !== 'float' && wire.type !== 'double') notCovered(`ReduceSum of ${wire.type}`)
  const rank = call.attributes.integer('keepdims', 1) === 1 ? 2 : 1
  const names = [...new Set(wire.columns.map(({ name }) => name))].join(',')
  return call.writer.write(
    { type: wire.type, rank, columns: [{ name: names, inputs: sourcesOf(wire.columns) }] },
    (to) => ({ kind: 'sum_columns', from: wire.slot, to }),
  )
}
