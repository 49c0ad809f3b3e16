import type { Attribute, Node, Tensor, ValueInfo } from './model.ts'

/** Numbers from onnx.proto, TensorProto.DataType. */
export const elementType = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
} as const

export type ElementType = keyof typeof elementType

/** Numbers from onnx.proto, AttributeProto.AttributeType. */
const attributeType = {
  float: 1,
  integer: 2,
  string: 3,
  tensor: 4,
  floats: 6,
  integers: 7,
  strings: 8,
} as const

export type AttributeValue = Omit<Attribute, 'name'>

const encoder = new TextEncoder()

export const integer = (i: number): AttributeValue => ({ type: attributeType.integer, i })
export const float = (f: number): AttributeValue => ({ type: attributeType.float, f })
export const integers = (ints: ArrayLike<number>): AttributeValue => ({ type: attributeType.integers, ints })
export const floats = (values: ArrayLike<number>): AttributeValue => ({
  type: attributeType.floats,
  floats: values,
})
export const text = (content: string): AttributeValue => ({
  type: attributeType.string,
  s: encoder.encode(content),
})
export const strings = (values: readonly string[]): AttributeValue => ({
  type: attributeType.strings,
  strings: values.map((value) => encoder.encode(value)),
})
export const tensorOf = (t: Tensor): AttributeValue => ({ type: attributeType.tensor, t })

/** A call such as `node('Gather', ['x', 'i'], ['y'], { axis: integer(1) })`; domain `ai.onnx.ml` by the operator. */
export function node(
  operator: { readonly type: string; readonly domain?: string },
  wires: { readonly inputs: readonly string[]; readonly outputs: readonly string[] },
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Node {
  return {
    opType: operator.type,
    ...(operator.domain === undefined ? {} : { domain: operator.domain }),
    name: `${operator.type}:${wires.outputs[0]}`,
    input: wires.inputs,
    output: wires.outputs,
    attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...value })),
  }
}

/** Values are written little-endian, as ONNX asks of `raw_data`. */
export function floatTensor(name: string, dims: readonly number[], values: ArrayLike<number>): Tensor {
  const view = new DataView(new ArrayBuffer(values.length * 4))
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i] as number, true)
  return { name, dims, dataType: elementType.float, rawData: new Uint8Array(view.buffer) }
}

export function doubleTensor(name: string, dims: readonly number[], values: ArrayLike<number>): Tensor {
  const view = new DataView(new ArrayBuffer(values.length * 8))
  for (let i = 0; i < values.length; i++) view.setFloat64(i * 8, values[i] as number, true)
  return { name, dims, dataType: elementType.double, rawData: new Uint8Array(view.buffer) }
}

export function uint8Tensor(name: string, dims: readonly number[], values: readonly number[]): Tensor {
  return { name, dims, dataType: elementType.uint8, rawData: Uint8Array.from(values) }
}

export function int64Tensor(name: string, dims: readonly number[], values: readonly number[]): Tensor {
  const view = new DataView(new ArrayBuffer(values.length * 8))
  for (const [i, value] of values.entries()) view.setBigInt64(i * 8, BigInt(value), true)
  return { name, dims, dataType: elementType.int64, rawData: new Uint8Array(view.buffer) }
}

/** A graph input or output; a dimension given as text is free, such as `N`. */
export function value(name: string, type: ElementType, dims: readonly (number | string)[]): ValueInfo {
  const dim = dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }))
  return { name, type: { tensorType: { elemType: elementType[type], shape: { dim } } } }
}

/** The number of a tensor's type; undefined for a sequence or a map. */
export function elementTypeOf({ type }: ValueInfo): number | undefined {
  const element = type?.tensorType?.elemType
  return element === undefined ? undefined : Number(element)
}

/** Free dimensions count as undefined. */
export function dimensionsOf({ type }: ValueInfo): (number | undefined)[] {
  return (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) =>
    dimValue === undefined ? undefined : Number(dimValue),
  )
}
