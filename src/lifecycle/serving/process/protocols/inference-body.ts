import { fail } from '#contract/errors'
import { objectOf, optionalText, type HttpCall } from '../http/http-call.ts'
import { parseJsonBody } from '../http/json-body.ts'
import { clip, describe } from '../rows/field-error.ts'
import { readTensors } from '../rows/json-tensor.ts'
import { tensorFromRawBody } from '../rows/raw-tensor.ts'
import type { RowSchema } from '../rows/row-schema.ts'
import type { Tensor } from '../rows/tensor.ts'

/** An inference request as it came over REST: JSON, JSON and binary tensors, or nothing but the values of one tensor. */
export interface InferenceBody {
  readonly id: string | undefined
  readonly parameters: Readonly<Record<string, unknown>>
  readonly outputs: readonly WantedOutput[]
  /** For outputs that do not say it themselves. */
  readonly binaryOutputs: boolean
  tensors(schema: RowSchema): readonly Tensor[]
}

export interface WantedOutput {
  readonly name: string
  readonly binary: boolean | undefined
}

export function readInferenceBody({ headers, body }: HttpCall): InferenceBody {
  const length = headers['inference-header-content-length']
  if (length === undefined) return jsonBody(body, undefined)
  const jsonBytes = headerLength(length, body.length)
  if (jsonBytes > 0) return jsonBody(body.subarray(0, jsonBytes), body.subarray(jsonBytes))
  return {
    id: undefined,
    parameters: {},
    outputs: [],
    binaryOutputs: true,
    tensors: (schema) => [tensorFromRawBody(schema, body)],
  }
}

function headerLength(value: string | readonly string[], bodyBytes: number): number {
  const at = 'header inference-header-content-length'
  const text = String(value)
  if (!/^\d{1,15}$/.test(text))
    return fail('invalid_input', `${at} is "${clip(text)}"; a whole number of bytes is expected.`, { at })
  const length = Number(text)
  if (length <= bodyBytes) return length
  return fail('invalid_input', `${at} is ${length}, but the body has only ${bodyBytes} bytes.`, { at })
}

function jsonBody(json: Buffer, binary: Buffer | undefined): InferenceBody {
  const request = objectOf(parseJsonBody(json), 'The body')
  const { parameters: given } = request
  const parameters = given === undefined || given === null ? {} : objectOf(given, 'parameters')
  return {
    id: optionalText(request['id'], 'id'),
    parameters,
    outputs: wantedOutputs(request['outputs']),
    binaryOutputs: flag(parameters['binary_data_output'], 'parameters.binary_data_output') ?? false,
    tensors: () => readTensors(request['inputs'], binary),
  }
}

function wantedOutputs(outputs: unknown): readonly WantedOutput[] {
  if (outputs === undefined || outputs === null) return []
  if (!Array.isArray(outputs)) return fail('invalid_input', 'outputs is not a list.', { at: 'outputs' })
  const names = new Set<string>()
  return outputs.map((output: unknown, index) => {
    const at = `outputs[${index}]`
    const { name, parameters: given } = objectOf(output, at)
    if (typeof name !== 'string')
      return fail('invalid_input', `${at}.name is ${describe(name)}; text is expected.`, { at: `${at}.name` })
    if (names.has(name)) fail('invalid_input', `${at}.name: "${clip(name)}" is asked for twice.`, { at })
    names.add(name)
    const parameters = given === undefined || given === null ? {} : objectOf(given, `${at}.parameters`)
    refuseOtherForms(parameters, at)
    return { name, binary: flag(parameters['binary_data'], `${at}.parameters.binary_data`) }
  })
}

/** Answering something else than what was asked for would be worse than not answering. */
function refuseOtherForms(parameters: Readonly<Record<string, unknown>>, at: string): void {
  const place = `${at}.parameters`
  if (parameters['classification'] !== undefined && parameters['classification'] !== 0) {
    fail(
      'invalid_input',
      `${place}.classification is not supported; the scores of all classes are answered.`,
      {
        at: `${place}.classification`,
        hint: 'Leave the parameter out and pick the highest scores.',
      },
    )
  }
  if (parameters['shared_memory_region'] !== undefined)
    fail('invalid_input', `${at}: shared memory is not supported; leave it out and read the answer.`, { at })
}

function flag(value: unknown, at: string): boolean | undefined {
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? undefined
  return fail('invalid_input', `${at} is ${describe(value)}; true or false is expected.`, { at })
}
