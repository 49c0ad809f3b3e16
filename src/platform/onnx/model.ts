import { fail, messageOf } from '#contract/errors'
import { decodeMessage, encodeMessage, many, one } from '#platform/protobuf'
import type { Field, Integer, Message, Schema } from '#platform/protobuf'

/** The messages of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) that DevMLOps reads or writes. */
export interface Model extends Message {
  readonly irVersion: Integer
  readonly producerName?: string
  readonly producerVersion?: string
  readonly domain?: string
  readonly modelVersion?: Integer
  readonly docString?: string
  readonly graph: Graph
  readonly opsetImport: readonly OperatorSet[]
  readonly metadataProps: readonly Property[]
}

export interface OperatorSet extends Message {
  readonly domain?: string
  readonly version: Integer
}

export interface Property extends Message {
  readonly key: string
  readonly value: string
}

export interface Graph extends Message {
  readonly node: readonly Node[]
  readonly name?: string
  readonly initializer: readonly Tensor[]
  readonly docString?: string
  readonly input: readonly ValueInfo[]
  readonly output: readonly ValueInfo[]
  /** What the tensors within are, where the converter wrote it down. */
  readonly valueInfo?: readonly ValueInfo[]
}

export interface Node extends Message {
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly name?: string
  readonly opType: string
  readonly attribute: readonly Attribute[]
  readonly domain?: string
}

export interface Attribute extends Message {
  readonly name: string
  readonly type?: Integer
  readonly f?: number
  readonly i?: Integer
  readonly s?: Uint8Array
  readonly t?: Tensor
  readonly floats?: ArrayLike<number>
  readonly ints?: ArrayLike<Integer>
  readonly strings?: readonly Uint8Array[]
}

export interface Tensor extends Message {
  readonly dims: readonly Integer[]
  readonly dataType: Integer
  readonly name?: string
  readonly rawData?: Uint8Array
  /** Values stand in one of these where `rawData` is left out; which one goes by the type. */
  readonly floatData?: ArrayLike<number>
  readonly int32Data?: ArrayLike<Integer>
  readonly stringData?: readonly Uint8Array[]
  readonly int64Data?: ArrayLike<Integer>
  readonly doubleData?: ArrayLike<number>
  readonly externalData?: readonly Property[]
  /** 1: the values stand in another file, which `externalData` names. */
  readonly dataLocation?: Integer
}

export interface ValueInfo extends Message {
  readonly name: string
  readonly type?: Type
}

export interface Type extends Message {
  readonly tensorType?: TensorType
}

export interface TensorType extends Message {
  readonly elemType: Integer
  readonly shape?: Shape
}

export interface Shape extends Message {
  readonly dim: readonly Dimension[]
}

export interface Dimension extends Message {
  readonly dimValue?: Integer
  readonly dimParam?: string
}

type SchemaOf<T extends Message> = Record<Exclude<keyof T, 'unknownFields'>, Field> & Schema

const property: SchemaOf<Property> = { key: one(1, 'string'), value: one(2, 'string') }

const operatorSet: SchemaOf<OperatorSet> = { domain: one(1, 'string'), version: one(2, 'integer') }

const dimension: SchemaOf<Dimension> = { dimValue: one(1, 'integer'), dimParam: one(2, 'string') }

const shape: SchemaOf<Shape> = { dim: many(1, () => dimension) }

const tensorType: SchemaOf<TensorType> = { elemType: one(1, 'integer'), shape: one(2, () => shape) }

const type: SchemaOf<Type> = { tensorType: one(1, () => tensorType) }

const valueInfo: SchemaOf<ValueInfo> = { name: one(1, 'string'), type: one(2, () => type) }

const tensor: SchemaOf<Tensor> = {
  dims: many(1, 'integer'),
  dataType: one(2, 'integer'),
  floatData: many(4, 'float'),
  int32Data: many(5, 'integer'),
  stringData: many(6, 'bytes'),
  int64Data: many(7, 'integer'),
  name: one(8, 'string'),
  rawData: one(9, 'bytes'),
  doubleData: many(10, 'double'),
  externalData: many(13, () => property),
  dataLocation: one(14, 'integer'),
}

const attribute: SchemaOf<Attribute> = {
  name: one(1, 'string'),
  f: one(2, 'float'),
  i: one(3, 'integer'),
  s: one(4, 'bytes'),
  t: one(5, () => tensor),
  floats: many(7, 'float'),
  ints: many(8, 'integer'),
  strings: many(9, 'bytes'),
  type: one(20, 'integer'),
}

const node: SchemaOf<Node> = {
  input: many(1, 'string'),
  output: many(2, 'string'),
  name: one(3, 'string'),
  opType: one(4, 'string'),
  attribute: many(5, () => attribute),
  domain: one(7, 'string'),
}

const graph: SchemaOf<Graph> = {
  node: many(1, () => node),
  name: one(2, 'string'),
  initializer: many(5, () => tensor),
  docString: one(10, 'string'),
  input: many(11, () => valueInfo),
  output: many(12, () => valueInfo),
  valueInfo: many(13, () => valueInfo),
}

const model: SchemaOf<Model> = {
  irVersion: one(1, 'integer'),
  producerName: one(2, 'string'),
  producerVersion: one(3, 'string'),
  domain: one(4, 'string'),
  modelVersion: one(5, 'integer'),
  docString: one(6, 'string'),
  graph: one(7, () => graph),
  opsetImport: many(8, () => operatorSet),
  metadataProps: many(14, () => property),
}

export function encodeModel(value: Model): Uint8Array {
  return encodeMessage(model, value)
}

/** Reads a model, or fails with `unreadable_data`. Weights stay views into `bytes`. */
export function decodeModel(bytes: Uint8Array): Model {
  const read = readMessage(bytes)
  if (read.graph === undefined || read.opsetImport.length === 0)
    return fail('unreadable_data', 'this is not an ONNX model: it has no graph or no operator set', {
      hint: 'export the model with torch.onnx, skl2onnx or onnxmltools and hand over the .onnx file itself',
    })
  return read as Model
}

function readMessage(bytes: Uint8Array): Partial<Model> & Pick<Model, 'opsetImport'> {
  try {
    return decodeMessage(model, bytes) as Model
  } catch (cause) {
    return fail('unreadable_data', `this is not an ONNX model: ${messageOf(cause)}`, {
      hint: 'the file may be cut short; compare its size with the original',
      cause,
    })
  }
}

/** A model that has a graph, or `unreadable_data`; `label` names it. */
export function decodeGraph(bytes: Uint8Array, label: string): Model {
  let model: Partial<Model> & Model
  try {
    model = decodeModel(bytes)
  } catch (error) {
    fail('unreadable_data', `${label} is not an ONNX file: ${messageOf(error)}`)
  }
  // Any bytes can pass for an empty message of that format.
  if (model.graph === undefined || model.graph.node.length === 0) {
    fail('unreadable_data', `${label} is not an ONNX file: it has no graph.`)
  }
  return model
}
