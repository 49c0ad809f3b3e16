import { expect, skip } from '../conformance-case.ts'
import type { InferResponseMessage, TensorContents } from '../infer-messages.ts'
import { tensorValues, type Element } from '../tensor-example.ts'

/** Values in the field of InferTensorContents that their datatype has. */
export function messageContents(datatype: string, data: readonly Element[]): TensorContents {
  const numbers = data.map(Number)
  switch (datatype) {
    case 'BOOL':
      return { bool_contents: numbers }
    case 'INT8':
    case 'INT16':
    case 'INT32':
      return { int_contents: numbers }
    case 'INT64':
      return { int64_contents: numbers }
    case 'UINT8':
    case 'UINT16':
    case 'UINT32':
      return { uint_contents: numbers }
    case 'UINT64':
      return { uint64_contents: numbers }
    case 'FP32':
      return { fp32_contents: numbers }
    case 'FP64':
      return { fp64_contents: numbers }
    case 'BYTES':
      return { bytes_contents: data.map((value) => Buffer.from(String(value))) }
    default:
      return skip(`${datatype} has no typed contents`)
  }
}

/** The outputs of an answer, whether they are raw or typed. */
export function outputValues({
  outputs,
  rawOutputs,
}: InferResponseMessage): readonly { readonly name: string; readonly values: readonly unknown[] }[] {
  return outputs.map(({ name, datatype, shape, contents }, index) => {
    const count = shape.reduce<number>((product, size) => product * Number(size), 1)
    const raw = rawOutputs[index]
    const values =
      raw === undefined ? typedValues(datatype, contents ?? {}) : tensorValues(datatype, raw, count)
    expect(values?.length === count, `"${name}" does not have the ${count} values of its shape`)
    return { name, values }
  })
}

function typedValues(datatype: string, contents: TensorContents): readonly unknown[] {
  const lists = Object.values(contents) as readonly (readonly unknown[])[]
  const values = lists.find((list) => list.length > 0) ?? []
  if (datatype === 'BOOL') return values.map((value) => Number(value) !== 0)
  if (datatype === 'BYTES') return values.map((value) => Buffer.from(value as Uint8Array).toString('utf8'))
  return values.map(Number)
}
