/** What a model says of one of its tensors. */
export interface TensorFacts {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
}

export type Element = number | boolean | string

/** A tensor to send, its values flat and row by row. */
export interface ExampleTensor extends TensorFacts {
  readonly data: readonly Element[]
}

const wholeNumbers = new Set(['INT8', 'INT16', 'INT32', 'INT64', 'UINT8', 'UINT16', 'UINT32', 'UINT64'])

/** Values that every model can take; other rows have other values. Variable dimensions after the first become 1. */
export function exampleTensor(facts: TensorFacts, rows: number, firstRow = 0): ExampleTensor {
  const [first = -1, ...rest] = facts.shape
  const shape = [first === -1 ? rows : first, ...rest.map((size) => (size === -1 ? 1 : size))]
  const width = rest.reduce((product, size) => product * (size === -1 ? 1 : size), 1)
  const data = Array.from({ length: (shape[0] as number) * width }, (_, index) =>
    exampleValue(facts.datatype, firstRow + Math.floor(index / width)),
  )
  return { name: facts.name, datatype: facts.datatype, shape, data }
}

function exampleValue(datatype: string, row: number): Element {
  if (datatype === 'BOOL') return row % 2 === 0
  if (datatype === 'BYTES') return row % 2 === 0 ? 'a' : 'b'
  // Halves and quarters are exact in every float.
  return wholeNumbers.has(datatype) ? 1 + row : 0.5 + row * 0.25
}

/** Lists in lists, as the shape says. */
export function nested(data: readonly Element[], shape: readonly number[]): unknown {
  if (shape.length <= 1) return data
  const [rows = 0, ...rest] = shape
  const width = rest.reduce((product, size) => product * size, 1)
  return Array.from({ length: rows }, (_, row) => nested(data.slice(row * width, (row + 1) * width), rest))
}

const sizes: Readonly<Record<string, number>> = {
  BOOL: 1,
  INT8: 1,
  UINT8: 1,
  INT16: 2,
  UINT16: 2,
  FP16: 2,
  INT32: 4,
  UINT32: 4,
  FP32: 4,
  INT64: 8,
  UINT64: 8,
  FP64: 8,
}

/** Little-endian without padding; each element of BYTES after its length in 32 bits. */
export function tensorBytes(datatype: string, data: readonly Element[]): Buffer {
  if (datatype === 'BYTES') {
    return Buffer.concat(
      data.flatMap((value) => {
        const text = Buffer.from(String(value))
        const length = Buffer.alloc(4)
        length.writeUInt32LE(text.length)
        return [length, text]
      }),
    )
  }
  const size = sizes[datatype] ?? 4
  const bytes = Buffer.alloc(size * data.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  data.forEach((value, index) => writeNumber(view, index * size, { datatype, value: Number(value) }))
  return bytes
}

function writeNumber(
  view: DataView,
  at: number,
  { datatype, value }: { readonly datatype: string; readonly value: number },
): void {
  if (datatype === 'FP32') view.setFloat32(at, value, true)
  else if (datatype === 'FP64') view.setFloat64(at, value, true)
  else if (datatype === 'FP16') view.setFloat16(at, value, true)
  else if (datatype.endsWith('64')) view.setBigInt64(at, BigInt(value), true)
  else if (datatype.endsWith('32')) view.setInt32(at, value, true)
  else if (datatype.endsWith('16')) view.setInt16(at, value, true)
  else view.setInt8(at, value)
}

/** The elements of a binary tensor; undefined when the bytes are not as many as they should be. */
export function tensorValues(
  datatype: string,
  bytes: Uint8Array,
  count: number,
): readonly Element[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (datatype === 'BYTES') return textValues(bytes, view, count)
  const size = sizes[datatype] ?? 4
  if (bytes.length !== count * size) return undefined
  return Array.from({ length: count }, (_, index) => readNumber(view, index * size, datatype))
}

function textValues(bytes: Uint8Array, view: DataView, count: number): readonly string[] | undefined {
  const texts: string[] = []
  let at = 0
  while (at + 4 <= bytes.length && texts.length < count) {
    const end = at + 4 + view.getUint32(at, true)
    if (end > bytes.length) return undefined
    texts.push(Buffer.from(bytes.subarray(at + 4, end)).toString('utf8'))
    at = end
  }
  return texts.length === count && at === bytes.length ? texts : undefined
}

function readNumber(view: DataView, at: number, datatype: string): Element {
  if (datatype === 'BOOL') return view.getUint8(at) !== 0
  if (datatype === 'FP32') return view.getFloat32(at, true)
  if (datatype === 'FP64') return view.getFloat64(at, true)
  if (datatype === 'FP16') return view.getFloat16(at, true)
  if (datatype === 'INT64') return Number(view.getBigInt64(at, true))
  if (datatype === 'UINT64') return Number(view.getBigUint64(at, true))
  if (datatype === 'UINT32') return view.getUint32(at, true)
  if (datatype === 'INT32') return view.getInt32(at, true)
  if (datatype === 'UINT16') return view.getUint16(at, true)
  if (datatype === 'INT16') return view.getInt16(at, true)
  return datatype === 'UINT8' ? view.getUint8(at) : view.getInt8(at)
}

/** Models may sum in another order for another batch: a float may differ in its last digits. */
export function sameValues(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((value, index) => sameValue(value, right[index]))
}

function sameValue(left: unknown, right: unknown): boolean {
  if (typeof left !== 'number' && typeof right !== 'number') return left === right
  const [first, second] = [Number(left), Number(right)]
  return first === second || Math.abs(first - second) <= 1e-4 * Math.max(1, Math.abs(first), Math.abs(second))
}
