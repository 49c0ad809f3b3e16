import { fail } from '#contract/errors'
import type { OutputColumn, RowBatch, UpstreamTensor } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/serving/plan'

type Field = ModelSignature['inputs'][number]
type Elements = ArrayLike<number> | ArrayLike<bigint> | readonly string[]

/** The request of the Open Inference Protocol, in JSON or with tensors as bytes behind it. */
export interface EncodedRequest {
  readonly body: Uint8Array
  /** Undefined: all of it is JSON. */
  readonly jsonBytes: number | undefined
}

export function encodeRequest(
  batch: RowBatch,
  {
    inputs,
    tensors,
    binary,
  }: { inputs: readonly Field[]; tensors: readonly UpstreamTensor[]; binary: boolean },
): EncodedRequest {
  const columns = columnsOf(batch, inputs)
  const described = tensors.map((tensor, at) => {
    const elements = columns[at] ?? fail('internal', `The tensor "${tensor.name}" has no field.`)
    return { tensor, elements, shape: [batch.rows, ...tensor.shape] }
  })
  if (!binary) {
    const texts = described.map(
      ({ tensor: { name, datatype }, elements, shape }) =>
        `{"name":${JSON.stringify(name)},"shape":${JSON.stringify(shape)},"datatype":"${datatype}","data":[${jsonElements(elements, datatype)}]}`,
    )
    return { body: Buffer.from(`{"inputs":[${texts.join(',')}]}`), jsonBytes: undefined }
  }
  const parts = described.map(({ tensor, elements }) => elementBytes(elements, tensor.datatype))
  const header = Buffer.from(
    JSON.stringify({
      inputs: described.map(({ tensor: { name, datatype }, shape }, at) => ({
        name,
        shape,
        datatype,
        parameters: { binary_data_size: parts[at]?.length },
      })),
      parameters: { binary_data_output: true },
    }),
  )
  return { body: Buffer.concat([header, ...parts]), jsonBytes: header.length }
}

/** Values of each field, in the order of the signature. */
function columnsOf({ rows, numbers, texts, longs, widths }: RowBatch, inputs: readonly Field[]): Elements[] {
  let start = 0
  let number = 0
  let text = 0
  return inputs.map(({ type }): Elements => {
    if (type === 'string') return texts[text++] ?? []
    const width = widths?.[number] ?? 1
    const values = numbers.subarray(start, start + rows * width)
    start += rows * width
    const exact = longs?.get(number++)
    if (exact !== undefined) return exact
    if (type !== 'datetime') return values
    return Array.from(values, (time) => (Number.isNaN(time) ? '' : new Date(time).toISOString()))
  })
}

function jsonElements(elements: Elements, datatype: string): string {
  if (datatype === 'BOOL') return Array.from(elements as ArrayLike<number>, (value) => value === 1).join(',')
  return Array.from<string | number | bigint, string>(
    elements as ArrayLike<string | number | bigint>,
    (value) => (typeof value === 'string' ? JSON.stringify(value) : String(value)),
  ).join(',')
}

/** Little-endian, as every machine that Node runs on is. */
const arrays = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const

function elementBytes(elements: Elements, datatype: string): Buffer {
  if (datatype === 'BYTES') {
    return Buffer.concat(
      Array.from(elements as ArrayLike<string>, (text) => {
        const bytes = Buffer.from(text)
        const length = Buffer.alloc(4)
        length.writeUInt32LE(bytes.length)
        return Buffer.concat([length, bytes])
      }),
    )
  }
  if (datatype === 'INT64' || datatype === 'UINT64') {
    const whole = BigInt64Array.from(elements as ArrayLike<number>, (value) => BigInt(value))
    return Buffer.from(whole.buffer)
  }
  if (datatype === 'FP16') {
    const bytes = Buffer.alloc(2 * elements.length)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (let i = 0; i < elements.length; i++) view.setFloat16(2 * i, Number(elements[i]), true)
    return bytes
  }
  const kind = arrays[datatype as keyof typeof arrays] ?? unknownDatatype(datatype)
  const values = kind.from(elements as ArrayLike<number>)
  return Buffer.from(values.buffer)
}

interface AnsweredTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data?: readonly unknown[]
  readonly parameters?: { readonly binary_data_size?: number }
}

/** The outputs in the order in which they were promised. Fails with `invalid_input` when one is missing or misshapen. */
export function decodeAnswer(
  { body, jsonBytes }: { readonly body: Buffer; readonly jsonBytes: number | undefined },
  { tensors, rows }: { readonly tensors: readonly UpstreamTensor[]; readonly rows: number },
): OutputColumn[] {
  const document = JSON.parse(body.toString('utf8', 0, jsonBytes ?? body.length)) as {
    outputs?: readonly AnsweredTensor[]
  }
  let at = jsonBytes ?? 0
  const found = new Map<string, OutputColumn>()
  for (const { name, datatype, data, parameters } of document.outputs ?? []) {
    const size = parameters?.binary_data_size
    const values =
      size === undefined
        ? jsonValues(data ?? [], datatype)
        : byteValues(body.subarray(at, at + size), datatype)
    at += size ?? 0
    const width = values.length / rows
    if (!Number.isInteger(width) || width === 0) {
      fail('invalid_input', `The output "${name}" has ${values.length} values for ${rows} rows.`)
    }
    found.set(name, { width, values })
  }
  return tensors.map(
    ({ name }) =>
      found.get(name) ??
      fail(
        'invalid_input',
        `The answer has no output "${name}"; it has ${[...found.keys()].join(', ') || 'none'}.`,
      ),
  )
}

function jsonValues(data: readonly unknown[], datatype: string): OutputColumn['values'] {
  const flat = (Array.isArray(data[0]) ? (data as unknown[][]).flat(Infinity) : data) as readonly (
    | string
    | number
    | null
  )[]
  if (datatype === 'BYTES') return flat.map((value) => (value === null ? '' : String(value)))
  return Float64Array.from(flat, (value) => (value === null ? Number.NaN : Number(value)))
}

function byteValues(bytes: Buffer, datatype: string): OutputColumn['values'] {
  if (datatype === 'BYTES') {
    const texts: string[] = []
    for (let at = 0; at < bytes.length;) {
      const length = bytes.readUInt32LE(at)
      texts.push(bytes.toString('utf8', at + 4, at + 4 + length))
      at += 4 + length
    }
    return texts
  }
  // A copy: elements must start at a multiple of their size.
  const { buffer } = new Uint8Array(bytes)
  if (datatype === 'INT64' || datatype === 'UINT64') return new BigInt64Array(buffer)
  if (datatype === 'FP32') return new Float32Array(buffer)
  if (datatype === 'FP64') return new Float64Array(buffer)
  if (datatype === 'FP16') {
    const view = new DataView(buffer)
    return Float64Array.from({ length: bytes.length / 2 }, (_, i) => view.getFloat16(2 * i, true))
  }
  const kind = arrays[datatype as keyof typeof arrays] ?? unknownDatatype(datatype)
  return Float64Array.from(new kind(buffer))
}

function unknownDatatype(datatype: string): never {
  return fail('invalid_input', `Tensors of the datatype ${datatype} cannot be sent.`)
}
