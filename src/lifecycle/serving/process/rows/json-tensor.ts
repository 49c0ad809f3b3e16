import { fail } from '#contract/errors'
import { objectOf } from '../http/http-call.ts'
import { tensorFromBytes, textOf } from './binary-tensor.ts'
import { datatypeBytes, isDatatype, type TensorDatatype } from './datatype.ts'
import { clip, describe } from './field-error.ts'
import { nestedValues, readShape } from './shape.ts'
import type { Tensor } from './tensor.ts'

/**
 * Reads the `inputs` of an inference request. Values stand in `data`, or in `binary` where `binary_data_size` says how many
 * bytes of it are the tensor's, one after the other (github.com/triton-inference-server/server, extension_binary_data).
 */
export function readTensors(inputs: unknown, binary: Buffer | undefined): readonly Tensor[] {
  if (!Array.isArray(inputs) || inputs.length === 0) {
    return fail('invalid_input', 'inputs is missing or empty; a list of tensors is expected.', {
      at: 'inputs',
    })
  }
  let offset = 0
  const tensors = inputs.map((input: unknown, index) => {
    const at = `inputs[${index}]`
    const header = objectOf(input, at)
    const { data, parameters: given } = header
    const tensor = readHeader(header, at)
    const parameters = given === undefined || given === null ? {} : objectOf(given, `${at}.parameters`)
    refuseElsewhere(parameters, at)
    const size = parameters['binary_data_size']
    if (size === undefined) return withData(tensor, data, parameters['content_type'])
    if (data !== undefined) fail('invalid_input', `${at} has both data and binary_data_size.`, { at })
    const bytes = takeBytes(binary, { offset, size, at })
    offset += bytes.length
    return tensorFromBytes({ ...tensor, bytes })
  })
  if (binary === undefined || offset === binary.length) return tensors
  return fail(
    'invalid_input',
    `The body has ${binary.length - offset} bytes after the tensors that its inputs describe with binary_data_size.`,
    { at: 'inputs' },
  )
}

type TensorHeader = Omit<Tensor, 'values'>

function readHeader({ name, shape, datatype }: Readonly<Record<string, unknown>>, at: string): TensorHeader {
  if (typeof name !== 'string')
    fail('invalid_input', `${at}.name is ${describe(name)}; text is expected.`, { at: `${at}.name` })
  return { name, datatype: readDatatype(datatype, at), shape: readShape(shape, `${at}.shape`), at }
}

export function readDatatype(datatype: unknown, at: string): TensorDatatype {
  if (typeof datatype === 'string' && isDatatype(datatype)) return datatype
  const found = typeof datatype === 'string' ? clip(datatype) : describe(datatype)
  return fail(
    'invalid_input',
    `${at}.datatype is ${found}; one of ${Object.keys(datatypeBytes).join(', ')} is expected.`,
    { at: `${at}.datatype` },
  )
}

function refuseElsewhere(parameters: Readonly<Record<string, unknown>>, at: string): void {
  if (parameters['shared_memory_region'] === undefined) return
  fail('invalid_input', `${at}: shared memory is not supported; send the values.`, { at })
}

function withData(tensor: TensorHeader, data: unknown, contentType: unknown): Tensor {
  const at = `${tensor.at}.data`
  if (tensor.datatype === 'FP16') {
    fail('invalid_input', `${at}: FP16 has no form in JSON; send the tensor with binary_data_size.`, { at })
  }
  if (data === undefined) {
    fail('invalid_input', `${at} is missing; the values, or binary_data_size, are expected.`, { at })
  }
  const values = nestedValues(data, tensor.shape, at)
  // MLServer's parameter; its other content types say how Python shows the values, which changes nothing here.
  if (contentType !== 'base64' || tensor.datatype !== 'BYTES') return { ...tensor, values }
  return { ...tensor, values: values.map((value, index) => textOfBase64(value, index, at)) }
}

function textOfBase64(value: unknown, index: number, at: string): unknown {
  if (typeof value !== 'string') return value
  const bytes = Buffer.from(value, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') === value.replace(/=+$/, ''))
    return textOf(bytes, index, at)
  return fail('invalid_input', `${at}[${index}] is not base64.`, { at: `${at}[${index}]` })
}

function takeBytes(
  binary: Buffer | undefined,
  { offset, size, at }: { readonly offset: number; readonly size: unknown; readonly at: string },
): Buffer {
  const place = `${at}.parameters.binary_data_size`
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    return fail('invalid_input', `${place} is ${describe(size)}; a whole number of bytes is expected.`, {
      at: place,
    })
  }
  if (binary === undefined) {
    return fail(
      'invalid_input',
      `${place} is given, but the header Inference-Header-Content-Length is not, so that the end of the JSON is unknown.`,
      { at: place },
    )
  }
  const left = binary.length - offset
  if ((size as number) <= left) return binary.subarray(offset, offset + (size as number))
  return fail(
    'invalid_input',
    `${place} is ${size as number}, but only ${left} bytes are left in the body.`,
    { at: place },
  )
}
