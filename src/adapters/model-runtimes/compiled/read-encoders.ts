import { notCovered, type NodeAttributes } from './node-reading.ts'
import type { SlotType } from './parsed-model.ts'
import type { NodeCall, RowsWire, Wire } from './wires.ts'

/** Operators of `ai.onnx.ml` that prepare columns. */
export const encoderReaders: Readonly<Record<string, (call: NodeCall) => Wire>> = {
  Scaler: (call) => {
    const wire = call.rows(0)
    const offset = perColumn(call, 'offset', wire)
    const scale = perColumn(call, 'scale', wire)
    return call.writer.write({ type: 'float', rank: wire.rank, columns: wire.columns }, (to) => ({
      kind: 'scale',
      from: wire.slot,
      to,
      offset,
      scale,
    }))
  },
  Imputer: (call) => {
    const wire = call.rows(0)
    const floats = wire.type === 'float'
    if (!floats && wire.type !== 'long') notCovered(`Imputer of ${wire.type}`)
    const values = perColumn(call, floats ? 'imputed_value_floats' : 'imputed_value_int64s', wire)
    const missing = floats
      ? call.attributes.float('replaced_value_float', 0)
      : call.attributes.integer('replaced_value_int64', 0)
    return call.writer.write({ type: wire.type, rank: wire.rank, columns: wire.columns }, (to) => ({
      kind: 'impute',
      from: wire.slot,
      to,
      missing,
      values,
    }))
  },
  LabelEncoder: readLabelEncoder,
  OneHotEncoder: readOneHot,
}

function perColumn(call: NodeCall, name: string, { columns }: RowsWire): Float64Array {
  const { attributes, node } = call
  const values = attributes.floats(name) ?? attributes.integers(name) ?? []
  if (values.length === columns.length) return Float64Array.from(values)
  if (values.length === 1) return new Float64Array(columns.length).fill(values[0] as number)
  return notCovered(`${node.opType} with ${values.length} values for ${columns.length} columns`)
}

interface Listed {
  readonly type: SlotType
  readonly values: Float64Array | readonly string[]
}

/** `keys_strings` and its like, or one tensor. */
function listed(attributes: NodeAttributes, prefix: 'keys' | 'values'): Listed | undefined {
  const texts = attributes.texts(`${prefix}_strings`)
  if (texts !== undefined) return { type: 'text', values: texts }
  const wholes = attributes.integers(`${prefix}_int64s`)
  if (wholes !== undefined) return { type: 'long', values: Float64Array.from(wholes) }
  const floats = attributes.floats(`${prefix}_floats`)
  if (floats !== undefined) return { type: 'float', values: Float64Array.from(floats) }
  return attributes.tensor(`${prefix}_tensor`)
}

function readLabelEncoder(call: NodeCall): RowsWire {
  const { attributes, writer } = call
  const wire = call.rows(0)
  const keys = listed(attributes, 'keys')
  const values = listed(attributes, 'values')
  if (keys === undefined || values === undefined || keys.values.length !== values.values.length)
    return notCovered('a LabelEncoder of the first version')
  if (keys.type !== wire.type) notCovered('a LabelEncoder for another type')
  if (attributes.has('default_tensor') && attributes.tensor('default_tensor')?.values.length !== 1)
    notCovered('a LabelEncoder without one default')
  const fallback = attributes.tensor('default_tensor')?.values[0]
  const otherwise =
    fallback ??
    (values.type === 'text'
      ? attributes.text('default_string', '_Unused')
      : values.type === 'long'
        ? attributes.integer('default_int64', -1)
        : attributes.float('default_float', -0))
  return writer.write({ type: values.type, rank: wire.rank, columns: wire.columns }, (to) => ({
    kind: 'encode',
    from: wire.slot,
    to,
    keys: keys.values,
    values: values.values,
    otherwise,
  }))
}

/** Of one column: with more, ONNX gives a dimension that nothing here reads. */
function readOneHot(call: NodeCall): RowsWire {
  const wire = call.rows(0)
  const [column] = wire.columns
  const texts = call.attributes.texts('cats_strings')
  const wholes = call.attributes.integers('cats_int64s')
  if (wire.columns.length !== 1 || wire.rank !== 2 || column === undefined)
    return notCovered('OneHotEncoder of several columns')
  if (call.attributes.integer('zeros', 1) !== 1) notCovered('OneHotEncoder that refuses unknown values')
  const isText = wire.type === 'text'
  const keys = isText ? texts : wholes
  if (keys === undefined) return notCovered('OneHotEncoder for another type')
  const columns = keys.map((key) => ({ name: `${column.name}=${key}`, inputs: column.inputs }))
  return call.writer.write({ type: 'float', rank: 3, columns }, (to) => ({
    kind: 'one_hot',
    from: wire.slot,
    to,
    keys: texts !== undefined && isText ? texts : Float64Array.from(wholes ?? []),
  }))
}
