import { elementType, type Attribute, type Node, type Tensor } from '#platform/onnx/index'

/** Stops the reading of a graph that the compiled form does not cover; `parseModel` answers with the reason. */
export class NotCovered extends Error {}

export function notCovered(reason: string): never {
  throw new NotCovered(reason)
}

const decoder = new TextDecoder()

/** Attributes of a node by name. */
export interface NodeAttributes {
  has(name: string): boolean
  integer(name: string, otherwise: number): number
  float(name: string, otherwise: number): number
  text(name: string, otherwise: string): string
  integers(name: string): readonly number[] | undefined
  floats(name: string): readonly number[] | undefined
  texts(name: string): readonly string[] | undefined
  tensor(name: string): Constant | undefined
}

/** Fails for a list that is there and empty as for one that is not: ONNX does not tell them apart. */
export function attributesOf({ attribute }: Node): NodeAttributes {
  const byName = new Map<string, Attribute>(attribute.map((each) => [each.name, each]))
  const list = (values: ArrayLike<number | bigint> | undefined): readonly number[] | undefined =>
    values === undefined || values.length === 0 ? undefined : Array.from(values, Number)
  return {
    has: (name) => byName.has(name),
    integer: (name, otherwise) => Number(byName.get(name)?.i ?? otherwise),
    float: (name, otherwise) => byName.get(name)?.f ?? otherwise,
    text: (name, otherwise) => {
      const bytes = byName.get(name)?.s
      return bytes === undefined ? otherwise : decoder.decode(bytes)
    },
    integers: (name) => list(byName.get(name)?.ints),
    floats: (name) => list(byName.get(name)?.floats),
    texts: (name) => {
      const texts = byName.get(name)?.strings
      return texts === undefined || texts.length === 0
        ? undefined
        : texts.map((bytes) => decoder.decode(bytes))
    },
    tensor: (name) => {
      const tensor = byName.get(name)?.t
      return tensor === undefined ? undefined : constantOf(tensor)
    },
  }
}

export type Constant = NumberConstant | TextConstant

export interface NumberConstant {
  readonly type: 'float' | 'double' | 'long' | 'boolean'
  readonly dims: readonly number[]
  readonly values: Float64Array
}

export interface TextConstant {
  readonly type: 'text'
  readonly dims: readonly number[]
  readonly values: readonly string[]
}

const int32Type = elementType.int32

/** The values of an initializer, whichever of its fields they stand in. */
export function constantOf(tensor: Tensor): Constant {
  const dims = tensor.dims.map(Number)
  const size = dims.reduce((product, dim) => product * dim, 1)
  if ((tensor.externalData ?? []).length > 0) notCovered('a tensor stands in another file')
  const type = Number(tensor.dataType)
  const found =
    type === elementType.string
      ? { type: 'text' as const, values: (tensor.stringData ?? []).map((bytes) => decoder.decode(bytes)) }
      : numbersOf(tensor, type)
  if (found.values.length !== size) notCovered('a tensor does not have as many values as it says')
  return { ...found, dims }
}

function numbersOf(
  { rawData, floatData, doubleData, int32Data, int64Data }: Tensor,
  type: number,
): Pick<NumberConstant, 'type' | 'values'> {
  const raw =
    rawData === undefined || rawData.length === 0
      ? undefined
      : new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength)
  const read = (
    size: number,
    at: (view: DataView, offset: number) => number,
    values: ArrayLike<number | bigint> | undefined,
  ): Float64Array =>
    raw === undefined
      ? Float64Array.from(values ?? [], Number)
      : Float64Array.from({ length: raw.byteLength / size }, (_, i) => at(raw, i * size))
  switch (type) {
    case elementType.float:
      return { type: 'float', values: read(4, (view, at) => view.getFloat32(at, true), floatData) }
    case elementType.double:
      return { type: 'double', values: read(8, (view, at) => view.getFloat64(at, true), doubleData) }
    case elementType.int64:
      return { type: 'long', values: read(8, (view, at) => Number(view.getBigInt64(at, true)), int64Data) }
    case int32Type:
      return { type: 'long', values: read(4, (view, at) => view.getInt32(at, true), int32Data) }
    case elementType.bool:
      return { type: 'boolean', values: read(1, (view, at) => view.getUint8(at), int32Data) }
    case elementType.uint8:
      return { type: 'long', values: read(1, (view, at) => view.getUint8(at), int32Data) }
    default:
      return notCovered(`a tensor has elements of the type ${type}`)
  }
}
