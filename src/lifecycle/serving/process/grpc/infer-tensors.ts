import { fail } from '#contract/errors'
import { bufferOver } from '#platform/protobuf'
import { tensorFromBytes, textOf } from '../rows/binary-tensor.ts'
import { readDatatype } from '../rows/json-tensor.ts'
import { elementsOf, readShape } from '../rows/shape.ts'
import type { Tensor } from '../rows/tensor.ts'
import type { InferMessage, MessageTensor } from './infer-request.ts'

/** Checks the tensors of a message: names, shapes, datatypes, and that there are as many values as a shape says. */
export function tensorsOf({ inputs }: InferMessage): readonly Tensor[] {
  return inputs.map((input, index) => readTensor(input, `inputs[${index}]`))
}

function readTensor(input: MessageTensor, at: string): Tensor {
  const { name, bytes } = input
  if (input.parameters['shared_memory_region'] !== undefined)
    fail('invalid_input', `${at}: shared memory is not supported; send the values.`, { at })
  const datatype = readDatatype(input.datatype, at)
  const shape = readShape(input.shape, `${at}.shape`)
  if (bytes !== undefined) {
    const place = `raw_input_contents${at.slice('inputs'.length)}`
    return tensorFromBytes({ name, shape, datatype, at: place, bytes: bufferOver(bytes) })
  }
  return { name, shape, datatype, at, values: typedValues(input, { datatype, shape }, `${at}.contents`) }
}

/** The field of InferTensorContents that a datatype's values stand in, by its number. */
export const contentsField: Readonly<Record<Tensor['datatype'], number | undefined>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP16: undefined,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
}

function typedValues(
  { values, contentsTag }: MessageTensor,
  { datatype, shape }: Pick<Tensor, 'datatype' | 'shape'>,
  at: string,
): readonly unknown[] {
  const wanted = contentsField[datatype]
  if (wanted === undefined)
    fail('invalid_input', `${at}: ${datatype} has no typed contents; send it as raw_input_contents.`, { at })
  if (contentsTag !== undefined && contentsTag !== wanted)
    fail('invalid_input', `${at} holds values of another type than ${datatype}.`, { at })
  const count = elementsOf(shape)
  if (values.length !== count) {
    fail(
      'invalid_input',
      `${at} has ${values.length} elements; the shape [${shape.join(', ')}] has ${count}.`,
      { at },
    )
  }
  if (datatype !== 'BYTES') return values
  return values.map((value, index) => textOf(value as Uint8Array, index, at))
}
