export {
  dimensionsOf,
  doubleTensor,
  elementType,
  elementTypeOf,
  float,
  floats,
  floatTensor,
  int64Tensor,
  integer,
  integers,
  node,
  strings,
  tensorOf,
  text,
  uint8Tensor,
  value,
} from './graph-parts.ts'
export type { AttributeValue, ElementType } from './graph-parts.ts'
export { decodeGraph, decodeModel, encodeModel } from './model.ts'
export type { Attribute, Graph, Model, Node, Property, Tensor, ValueInfo } from './model.ts'
