import { bufferOver, ProtobufWriter } from '#platform/protobuf'
import { outputShape } from '../protocols/inference-answer.ts'
import type { Inference, InferredOutput } from '../protocols/inference-request.ts'
import { outputBytes, type ColumnRows } from '../protocols/output-bytes.ts'
import { datatypeOf } from '../rows/datatype.ts'
import { contentsField } from './infer-tensors.ts'

/** `ModelInferResponse`: raw bytes for a client that sent raw bytes, typed contents otherwise. */
export function writeInferResponse(inference: Inference, isRaw: boolean): Buffer {
  const writer = new ProtobufWriter()
  writer.string(1, inference.deployment.plan.name)
  writer.string(2, String(inference.variant.plan.version))
  writer.string(3, inference.id)
  writer.delimited(4, textParameter('variant', inference.variant.name))
  for (const output of inference.outputs) writer.delimited(5, outputTensor(output, inference.rows, isRaw))
  if (isRaw) {
    for (const { field, column, offset } of inference.outputs)
      writer.delimited(6, outputBytes(column, field.type, { offset, rows: inference.rows }))
  }
  return bufferOver(writer.finish())
}

/** One entry of a map<string, InferParameter>. */
function textParameter(name: string, value: string): Uint8Array {
  const choice = new ProtobufWriter()
  choice.string(3, value)
  const entry = new ProtobufWriter()
  entry.string(1, name)
  entry.delimited(2, choice.finish())
  return entry.finish()
}

function outputTensor({ field, column, offset }: InferredOutput, rows: number, isRaw: boolean): Uint8Array {
  const writer = new ProtobufWriter()
  writer.string(1, field.name)
  writer.string(2, datatypeOf[field.type])
  const shape = new ProtobufWriter()
  for (const dimension of outputShape({ field, column }, rows)) shape.varint(dimension)
  writer.delimited(3, shape.finish())
  if (!isRaw) writer.delimited(5, typedContents(field.type, column, { offset, rows }))
  return writer.finish()
}

/** `InferTensorContents`. */
function typedContents(
  type: InferredOutput['field']['type'],
  { width, values }: InferredOutput['column'],
  { offset, rows }: ColumnRows,
): Uint8Array {
  const writer = new ProtobufWriter()
  const first = offset * width
  const last = first + rows * width
  const datatype = datatypeOf[type]
  if (datatype === 'BYTES') {
    for (let index = first; index < last; index++) writer.string(8, String(values[index]))
    return writer.finish()
  }
  const packed = new ProtobufWriter()
  for (let index = first; index < last; index++) {
    const value = values[index] as number | bigint
    if (datatype === 'FP32' || datatype === 'FP64')
      packed.fixed(Number(value), datatype === 'FP32' ? 'float' : 'double')
    else if (datatype === 'BOOL') packed.varint(Number(value) === 0 ? 0 : 1)
    else packed.varint(typeof value === 'bigint' || Number.isFinite(value) ? value : 0)
  }
  writer.delimited(contentsField[datatype] as number, packed.finish())
  return writer.finish()
}
