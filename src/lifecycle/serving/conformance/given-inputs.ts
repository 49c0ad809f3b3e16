import { readFile } from 'node:fs/promises'
import { fail, messageOf } from '#contract/errors'
import type { Element, ExampleTensor } from './tensor-example.ts'

/** The inputs of a request as somebody would send it with curl. Fails with `invalid_input`. */
export async function readInputs(path: string): Promise<readonly ExampleTensor[]> {
  let request: unknown
  try {
    request = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    return fail('invalid_input', `${path} cannot be read as JSON: ${messageOf(error)}.`, { at: path })
  }
  const { inputs } = (request ?? {}) as { readonly inputs?: unknown }
  if (Array.isArray(inputs) && inputs.length > 0) return inputs.map((input) => tensorOf(input, path))
  return fail('invalid_input', `${path} has no list "inputs" with a tensor.`, { at: path })
}

function tensorOf(input: unknown, path: string): ExampleTensor {
  const { name, datatype, shape, data } = (input ?? {}) as Partial<Record<keyof ExampleTensor, unknown>>
  if (typeof name === 'string' && typeof datatype === 'string' && Array.isArray(shape) && Array.isArray(data))
    return { name, datatype, shape: shape.map(Number), data: data.flat(Infinity) as Element[] }
  return fail('invalid_input', `An input of ${path} has not all of name, datatype, shape and data.`, {
    at: path,
  })
}
